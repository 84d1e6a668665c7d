"""The attempts that a page's timeline shows: all of a small batch, the latest ones of a large batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Final

from gt_common.ledger.reader import LedgerReader
from gt_common.ledger.snapshot import Snapshot
from gt_common.ledger.unchecked_stories import UncheckedStory
from gt_common.ledger.views import AttemptSpan, SpanOutcome
from gt_common.lifecycle import StoryState, StoryStatus
from gt_common.messages import (
    StoryReleased,
    StoryRequeued,
)
from gt_common.report.rows import StoryRow
from gt_common.report.view import story_label

MOST: Final = 500
"""Attempts in a timeline of the latest ones."""
_MANY: Final = 8 * MOST
"""Attempts that are kept before the older ones are dropped."""
WHOLE: Final = 2000
"""Stories up to which a timeline shows every attempt."""

_OUTCOMES: Final[Mapping[StoryStatus, SpanOutcome]] = {
    StoryStatus.SUCCESS: "success",
    StoryStatus.FAILED: "failed",
    StoryStatus.RETRYING: "retrying",
    StoryStatus.CANCELLED: "cancelled",
}


class LatestAttempts:
    """Takes the stories of a batch; keeps what a timeline needs of them.

    Parameters:
        spans: the attempts, if they are known; otherwise they are taken from the stories' latest events
    """

    def __init__(self, spans: Sequence[AttemptSpan] | None) -> None:
        self._given = spans
        self._latest: list[tuple[datetime, StoryState | UncheckedStory, StoryRow]] = []
        self._wanted = {span.story_id for span in spans or ()}
        self._seen = 0
        self.names: dict[str, str] = {}

    def add(self, story: StoryState | UncheckedStory, result: StoryRow) -> None:
        """Note a story."""
        if self._given is not None:
            if story.story_id in self._wanted:
                self.names[story.story_id] = _name(result)
        elif (at := _shown_at(story)) is not None:
            self._seen += 1
            self._latest.append((at, story, result))
            if len(self._latest) >= _MANY:
                self._drop_older()

    def _drop_older(self) -> None:
        """Keep the latest; of those at the same time the first of the list."""
        self._latest.sort(key=itemgetter(0), reverse=True)
        del self._latest[MOST:]

    def spans(self) -> Sequence[AttemptSpan]:
        """Return the attempts to show."""
        if self._given is not None:
            return self._given
        self._drop_older()
        self.names.update((story.story_id, _name(row)) for _, story, row in self._latest)
        return [span for _, story, _ in self._latest if (span := _span(story)) is not None]

    @property
    def kept(self) -> int:
        """How many attempts are shown."""
        return min(len(self._latest), MOST)

    @property
    def partly(self) -> bool:
        """Whether there are attempts that are not shown."""
        return self._given is None and self._seen > MOST


def attempts_to_show(ledger: LedgerReader, snapshot: Snapshot) -> list[AttemptSpan] | None:
    """Return every attempt of a batch; None for one that is so large that only the latest are shown."""
    return ledger.attempts(snapshot.head.batch_id) if snapshot.size <= WHOLE else None


def _name(result: StoryRow) -> str:
    return f"#{result.position} {story_label(result)}"


def _shown_at(story: StoryState | UncheckedStory) -> datetime | None:
    """Return when the latest attempt of a story changed; None if a timeline cannot show it."""
    if isinstance(story, UncheckedStory):
        return story.at if story.started_at else None
    return story.event.at if story.event is not None and _span(story) is not None else None


def _span(story: StoryState | UncheckedStory) -> AttemptSpan | None:
    """Return the latest attempt of a story; None if it has none, or its start is unknown."""
    if isinstance(story, UncheckedStory):
        return _span_of_unchecked(story)
    event = story.event
    if event is None or isinstance(event, StoryRequeued):
        return None
    released = isinstance(event, StoryReleased)
    outcome: SpanOutcome = "released" if released else _OUTCOMES.get(story.status, "running")
    started = event.started_at or (event.at if outcome == "running" else None)
    if started is None:
        return None
    run = (story.story_id, event.generation, event.attempt, event.run)
    ended = None if outcome == "running" else max(event.at, started)
    return AttemptSpan(*run, event.worker, started, ended, outcome)


def _span_of_unchecked(story: UncheckedStory) -> AttemptSpan | None:
    if story.started_at is None:
        return None
    started = datetime.fromisoformat(story.started_at)
    run = (story.story_id, story.generation, story.attempt, story.run)
    return AttemptSpan(*run, story.worker, started, max(story.at, started), _OUTCOMES[story.status])
