"""Builds the report of a batch: from its stories, one after another, or from an overview of them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from gt_common import messages
from gt_common.ledger.overview import Overview
from gt_common.ledger.snapshot import Snapshot
from gt_common.ledger.unchecked_stories import UncheckedStory
from gt_common.lifecycle import (
    BatchPhase,
    BatchState,
    StoryState,
    StoryStatus,
    complete_counts,
    ended_at,
    pause_of,
    phase_of,
)
from gt_common.money import DEFAULT_CURRENCY, as_number
from gt_common.report.eta import Pace, Range
from gt_common.report.model import BatchHead, BatchPause, BatchResult, FailureGroup, VideoResult
from gt_common.report.rows import StoryRow, row_of, seconds_between
from gt_common.texts import one_line

if TYPE_CHECKING:
    from gt_common.failures import Failure, FailureSummary
    from gt_common.messages import BatchHold, BatchOpened, FleetHold, Paused


class Header(Protocol):
    """What is known of a batch besides its stories: a state of it, or a row of the ledger."""

    @property
    def batch_id(self) -> str:
        """Its id."""
        ...

    @property
    def opened(self) -> BatchOpened | None:
        """The earliest `batch.opened`."""
        ...

    @property
    def expected(self) -> int:
        """The greatest number of stories that was announced."""
        ...

    @property
    def hold(self) -> BatchHold | None:
        """The event that counts of those that paused or resumed it."""
        ...

    @property
    def fleet(self) -> FleetHold | None:
        """The same of the whole fleet."""
        ...


@dataclass(frozen=True)
class WholeBatch:
    """A batch with all its stories, in the order of the list; they can be gone through more than once.

    Parameters:
        currency: of its costs
    """

    header: Header
    stories: Callable[[], Iterable[StoryState | UncheckedStory]]
    currency: str = DEFAULT_CURRENCY

    @classmethod
    def of_snapshot(cls, snapshot: Snapshot, currency: str = DEFAULT_CURRENCY) -> Self:
        """Return the batch that was copied from a ledger."""
        return cls(snapshot.head, snapshot.stories, currency)

    @classmethod
    def of_state(cls, state: BatchState, currency: str = DEFAULT_CURRENCY) -> Self:
        """Return a batch in memory."""
        return cls(state, lambda: in_list_order(state.stories.values()), currency)


@dataclass(frozen=True)
class Surroundings:
    """What the forms for people show beside the document.

    Parameters:
        eta: the estimated seconds left
        workers: with their number of stories, busiest first
        folder: the folder of the videos, if all are in one
        failures: the failure of the first story of each group, by fingerprint
        other_causes: how many causes of failure are left out
        failures_read: of how many failed stories, the latest ones, the causes are; 0 for all of them
    """

    eta: Range | None = None
    workers: tuple[tuple[str, int], ...] = ()
    folder: Path | None = None
    failures: Mapping[str, Failure | FailureSummary] = field(default_factory=dict)
    other_causes: int = 0
    failures_read: int = 0


class ReportBuilder:
    """Adds up stories, which need not be kept, to the head of their report.

    Parameters:
        now: aware time; `stage` names the time that a waiting story waits for in its zone
        currency: of all costs
    """

    def __init__(self, now: datetime, currency: str = DEFAULT_CURRENCY) -> None:
        self._now = now
        self._costs = _Costs(currency)
        self._found = dict.fromkeys(StoryStatus, 0)
        self._latest_end: datetime | None = None
        self._pace = Pace()
        self._groups: dict[str, _Group] = {}
        self._around = _Around()

    def take(self, story: StoryState | UncheckedStory) -> StoryRow:
        """Add a story, the next one in the order of the list; return its result."""
        self.count(story)
        row = row_of(story, self._now)
        self._around.add(row)
        return row

    def count(self, story: StoryState | UncheckedStory) -> None:
        """Add a story for the document alone, without what is shown beside it."""
        if isinstance(story, UncheckedStory):
            self._count_unchecked(story)
            return
        event = story.event
        self._pace.add(story)
        if story.costs.runs:
            self._costs.add(story.cost, story.cost_wasted)
        if event is None:
            self._found[StoryStatus.QUEUED] += 1
            return
        self._found[story.status] += 1
        self._note_end(ended_at(event))
        if isinstance(event, messages.StoryFailed):
            self._note_failure(event.failure, story.story_id)

    def _count_unchecked(self, story: UncheckedStory) -> None:
        self._pace.add_unchecked(story)
        if story.cost is not None:
            self._costs.add(story.cost, story.cost_wasted)
        self._found[story.status] += 1
        self._note_end(story.ended_at)
        if story.status is StoryStatus.FAILED and story.failure:
            self._note_failure(story.failure, story.story_id)

    def _note_failure(self, failure: Failure | FailureSummary, story_id: str) -> None:
        if (group := self._groups.get(failure.fingerprint)) is None:
            group = self._groups[failure.fingerprint] = _Group(failure)
        group.stories.append(story_id)

    def _note_end(self, end: datetime) -> None:
        if self._latest_end is None or end > self._latest_end:
            self._latest_end = end

    def finish(self, header: Header) -> tuple[BatchHead, Surroundings]:
        """Return the head of the report, and what is shown beside it."""
        counts = complete_counts(self._found, header.expected)
        groups = sorted(self._groups.values(), key=lambda group: -len(group.stories))
        found = tuple(group.document(len(group.stories), tuple(group.stories)) for group in groups)
        head, eta = _head(header, counts, self._latest_end, self._pace, found, self._costs, self._now)
        return head, self._around.finish(eta, self._groups.values(), 0)


def build_report(state: BatchState, now: datetime, currency: str = DEFAULT_CURRENCY) -> BatchResult:
    """Build the report of a batch, whole and in memory.

    Parameters:
        state: fold of its events
        now: aware time; `stage` names the time that a waiting story waits for in its zone
        currency: of all costs
    """
    builder = ReportBuilder(now, currency)
    stories = in_list_order(state.stories.values())
    rows = (builder.take(story)._asdict() for story in stories)
    results = tuple(VideoResult.model_validate(row, from_attributes=True) for row in rows)
    head, _ = builder.finish(state)
    fields = {name: getattr(head, name) for name in BatchHead.model_fields}
    return BatchResult(**fields, results=results)


def in_list_order(stories: Iterable[StoryState]) -> list[StoryState]:
    """Sort stories as their list has them."""
    return sorted(stories, key=lambda story: (story.position, story.story_id))


@dataclass(frozen=True)
class Screenful:
    """What a screen shows of a batch.

    Parameters:
        rows: some of the stories; of those with an end the latest come first
        listed: how many stories there are to list
    """

    head: BatchHead
    around: Surroundings
    rows: Sequence[StoryRow]
    listed: int


def screenful_of(overview: Overview, now: datetime, currency: str = DEFAULT_CURRENCY) -> Screenful:
    """Return what a screen shows of a batch in the ledger; its groups name their first story only."""
    pace, around = Pace(), _Around()
    rows = [row_of(story, now) for story in overview.stories]
    for story, row in zip(overview.stories, rows, strict=True):
        pace.add(story)
        around.add(row)
    causes = [
        (cause, _Group(cause.first.event.failure))
        for cause in overview.causes
        if isinstance(cause.first.event, messages.StoryFailed)
    ]
    found = tuple(group.document(cause.count, (cause.first.story_id,)) for cause, group in causes)
    costs = _Costs(currency, overview.head.cost, overview.head.cost_wasted)
    head, eta = _head(overview.head, overview.counts, overview.latest_end, pace, found, costs, now)
    beside = around.finish(eta, [group for _, group in causes], overview.other_causes)
    beside = replace(beside, failures_read=overview.failures_read)
    return Screenful(head, beside, rows, overview.listed)


def screenful_of_whole(batch: WholeBatch, now: datetime) -> Screenful:
    """Return what a screen shows of a batch whose stories are at hand."""
    builder = ReportBuilder(now, batch.currency)
    rows = [(_changed_at(story) or now, builder.take(story)) for story in batch.stories()]
    rows.sort(key=lambda pair: pair[0], reverse=True)
    head, around = builder.finish(batch.header)
    return Screenful(head, around, [row for _, row in rows], len(rows))


def _changed_at(story: StoryState | UncheckedStory) -> datetime | None:
    if isinstance(story, UncheckedStory):
        return story.at
    return story.event.at if story.event else None


@dataclass
class _Costs:
    """What the stories of a batch have cost, in millionths; None if no run has said any."""

    currency: str
    total: int | None = None
    wasted: int | None = None

    def add(self, total: int | None, wasted: int | None) -> None:
        self.total = (self.total or 0) + (total or 0)
        self.wasted = (self.wasted or 0) + (wasted or 0)


class _Group:
    """Failed stories with one cause; a retrying story is in none, because it may still succeed."""

    def __init__(self, first: Failure | FailureSummary) -> None:
        self.first = first
        self.stories: list[str] = []

    def document(self, count: int, stories: tuple[str, ...]) -> FailureGroup:
        failure = self.first
        return FailureGroup(
            fingerprint=failure.fingerprint,
            count=count,
            stage=failure.stage,
            error_type=failure.type,
            sample=failure.message,
            stories=stories,
        )


class _Around:
    """Adds up what is shown beside the document."""

    def __init__(self) -> None:
        self._workers: Counter[str] = Counter()
        self._folders: set[str] = set()
        self._latest = ""

    def add(self, row: StoryRow) -> None:
        if row.worker:
            self._workers[row.worker] += 1
        if row.output_path and len(self._folders) < 2:
            # Most are in the same folder as the one before.
            before_name = row.output_path.rpartition("/")[0]
            if not before_name or before_name != self._latest:
                self._latest = before_name
                self._folders.add(os.path.dirname(row.output_path))  # noqa: PTH120 - called for every story

    def finish(self, eta: Range | None, groups: Iterable[_Group], others: int) -> Surroundings:
        workers: Counter[str] = Counter()
        for name, number in self._workers.items():
            workers[one_line(name)] += number
        return Surroundings(
            eta=eta,
            workers=tuple(sorted(workers.items(), key=lambda item: (-item[1], item[0]))),
            folder=Path(*self._folders) if len(self._folders) == 1 else None,
            failures={group.first.fingerprint: group.first for group in groups},
            other_causes=others,
        )


def _head(
    header: Header,
    counts: Mapping[StoryStatus, int],
    latest_end: datetime | None,
    pace: Pace,
    groups: tuple[FailureGroup, ...],
    costs: _Costs,
    now: datetime,
) -> tuple[BatchHead, Range | None]:
    opened = header.opened
    phase = phase_of(counts) if opened else BatchPhase.OPEN
    is_open = phase is BatchPhase.OPEN
    paused = pause_of(opened, phase, header.hold, header.fleet)
    eta = pace.eta(counts, now) if is_open and not paused else None
    opened_at = opened.at.astimezone(UTC) if opened else None
    finished_at = None if is_open or latest_end is None else latest_end.astimezone(UTC)
    head = BatchHead(
        batch_id=header.batch_id,
        name=opened.name if opened else None,
        tags=dict(opened.tags) if opened else {},
        state=phase,
        total=sum(counts.values()),
        queued=counts[StoryStatus.QUEUED],
        running=counts[StoryStatus.RUNNING],
        retrying=counts[StoryStatus.RETRYING],
        successful=counts[StoryStatus.SUCCESS],
        failed=counts[StoryStatus.FAILED],
        cancelled=counts[StoryStatus.CANCELLED],
        opened_at=opened_at,
        finished_at=finished_at,
        duration_s=seconds_between(opened_at, finished_at or now),
        eta_s=round(sum(eta) / 2, 1) if eta else None,
        cost=as_number(costs.total),
        cost_wasted=as_number(costs.wasted),
        currency=costs.currency,
        paused=_pause(paused),
        failure_groups=groups,
        made_by=opened.made_by if opened else None,
    )
    return head, eta


def _pause(event: Paused | None) -> BatchPause | None:
    if event is None:
        return None
    whole_fleet = isinstance(event, messages.FleetPaused)
    return BatchPause(by=event.by, reason=event.reason, at=event.at.astimezone(UTC), whole_fleet=whole_fleet)
