"""The timeline: which worker ran which attempt when, computed from events alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from gt_common.ledger.views import AttemptSpan, SpanOutcome

STARTED: Final = "story.started"
ENDINGS: Final[dict[str, SpanOutcome]] = {
    "story.released": "released",
    "story.retrying": "retrying",
    "story.failed": "failed",
    "story.succeeded": "success",
    "story.cancelled": "cancelled",
}
_CANCELLED: Final = "story.cancelled"


@dataclass(frozen=True)
class Mark:
    """A start or an end of a run, from the table of events."""

    event_id: str
    type: str
    at: datetime
    story_id: str
    generation: int
    attempt: int
    run: int
    worker: str | None
    started_at: datetime | None

    @property
    def begun(self) -> datetime:
        """When the run of this mark began."""
        return self.started_at or self.at


def spans_of(marks: Iterable[Mark]) -> list[AttemptSpan]:
    """Pair starts with ends; a run without an end is `lost` once a later run of its story has begun.

    A cancel ends the run that is left without an end: whatever a worker said of how a run ended comes first.

    The order of the marks does not matter. Spans are returned ordered by start.
    """
    stories: dict[str, list[Mark]] = defaultdict(list)
    for mark in sorted(marks, key=lambda mark: (mark.at, mark.event_id)):
        stories[mark.story_id].append(mark)
    spans = [span for of_story in stories.values() for span in _story_spans(of_story)]
    return sorted(spans, key=lambda span: (span.started_at, span.story_id, span.generation, span.attempt))


def _story_spans(marks: list[Mark]) -> list[AttemptSpan]:
    spans = [_span(mark, None, "running") for mark in marks if mark.type == STARTED]
    cancels = [mark for mark in marks if mark.type == _CANCELLED]
    for mark in marks:
        if mark.type in ENDINGS and mark.type != _CANCELLED:
            _end(spans, mark)
    for mark in cancels:
        if mark.started_at is not None and not any(_is_of(span, mark) for span in spans):
            spans.append(_span(mark, None, "running"))  # its start may still arrive
    spans.sort(key=lambda span: (span.generation, span.attempt, span.run, span.started_at))
    for place, later in enumerate(spans[1:]):
        if spans[place].ended_at is None:
            ended = max(later.started_at, spans[place].started_at)
            spans[place] = replace(spans[place], ended_at=ended, outcome="lost")
    return [*spans[:-1], _cancelled(spans[-1], cancels)] if spans else []


def _cancelled(span: AttemptSpan, cancels: Sequence[Mark]) -> AttemptSpan:
    """Return a story's last run, closed if its generation was cancelled.

    It may be of another attempt than the cancel, or have begun later: on a worker that had not heard of it.
    """
    cancelled_at = next((mark.at for mark in cancels if mark.generation == span.generation), None)
    if span.ended_at is not None or cancelled_at is None:
        return span
    return replace(span, ended_at=max(cancelled_at, span.started_at), outcome="cancelled")


def _end(spans: list[AttemptSpan], end: Mark) -> None:
    """Close the run that this end belongs to.

    An end that names no worker (the broker gave up) closes the latest run. If the start is missing (its event
    may still arrive), the end's own start time is used; a repeated end changes nothing.
    """
    of_key = [place for place, span in enumerate(spans) if _key(span) == _key(end)]
    same = [place for place in of_key if end.worker is None or spans[place].worker == end.worker]
    begun = [place for place in same if spans[place].ended_at is None and spans[place].started_at <= end.at]
    if begun:
        place = max(begun, key=lambda place: spans[place].started_at)
        spans[place] = replace(spans[place], ended_at=end.at, outcome=ENDINGS[end.type])
    elif end.started_at is not None and not same:
        spans.append(_span(end, end.at, ENDINGS[end.type]))


def _is_of(span: AttemptSpan, mark: Mark) -> bool:
    return _key(span) == _key(mark) and span.worker == mark.worker


def _span(mark: Mark, ended_at: datetime | None, outcome: SpanOutcome) -> AttemptSpan:
    return AttemptSpan(
        mark.story_id,
        mark.generation,
        mark.attempt,
        mark.run,
        mark.worker,
        mark.begun,
        ended_at,
        outcome,
    )


def _key(of: Mark | AttemptSpan) -> tuple[int, int, int]:
    return of.generation, of.attempt, of.run
