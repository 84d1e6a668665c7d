"""Finds what must be told when a group of events is taken in, with constant work per event.

It looks only at batches that the group has changed, and never counts one as long as a story of it is open.
How many stories failed for each reason is kept in memory from one transaction to the next, and counted again
when another program has written in between.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Self

from sqlalchemy import ColumnClause, Connection, func, literal_column, select

from gt_common.ledger.bulk_rows import StoryKey
from gt_common.ledger.outbox import (
    Latest,
    NotificationKind,
    Recipients,
    enqueue,
    is_enqueued,
    read_latest,
)
from gt_common.ledger.plain import SqlAlchemyPlain
from gt_common.ledger.rows import BatchRow
from gt_common.ledger.schema import batches, stories, version
from gt_common.ledger.stored import read_rules
from gt_common.lifecycle import BatchState, StoryState, StoryStatus
from gt_common.messages import StoryFailed
from gt_common.messages.stop_rules import is_near

EARLY_STORIES: Final = 2
EARLY_PART: Final = 10
"""An early notification needs this many stories with one cause, and one in so many of the batch."""
_CACHED: Final = 64
"""Batches whose causes are kept in memory."""
_FINAL: Final = tuple(status for status in StoryStatus if status.final)
_OPEN: Final = tuple(status for status in StoryStatus if not status.final)


@dataclass(frozen=True)
class _Head:
    """What counts of a batch's row.

    Parameters:
        opened: whether its `batch.opened` has come
        expected: how many stories that announced
        max_cost: in millionths of the currency; None without a limit
        limited_at: time of the event that set the limit
    """

    opened: bool = False
    expected: int = 0
    max_cost: int | None = None
    limited_at: datetime | None = None

    @classmethod
    def of(cls, known: BatchRow | BatchState | None) -> Self:
        if known is None:
            return cls()
        rules = read_rules(known.rules) if isinstance(known, BatchRow) else known.rules
        opened, max_cost = known.opened is not None, rules.max_cost if rules else None
        return cls(opened, known.expected, max_cost, rules.cost_by.at if rules and rules.cost_by else None)


@dataclass
class _Touched:
    """What a group has done to one batch.

    Parameters:
        new: stories that were not known
        was_open: whether one of its stories was open before
        some_ended: whether one of them became final
        has_spent: whether its cost has changed
        failures: the failures before and after of stories that had one, where they differ
    """

    before: _Head
    after: _Head
    new: int = 0
    was_open: bool = False
    some_ended: bool = False
    has_spent: bool = False
    failures: list[tuple[StoryFailed | None, StoryFailed | None]] = field(default_factory=list)

    @property
    def has_new_head(self) -> bool:
        return self.before != self.after

    @property
    def matters(self) -> bool:
        return self.some_ended or self.has_new_head or self.has_spent or bool(self.failures)


class Watch:
    """Writes the notifications that a group of events gives rise to; for one thread at a time.

    Parameters:
        to: who is told
    """

    def __init__(self, to: Recipients) -> None:
        self._to = to
        self._touched: dict[str, _Touched] = {}
        self._causes: OrderedDict[str, Counter[str]] = OrderedDict()
        self._version = -1
        self._written = 0

    def begin(self) -> None:
        """Begin a group."""
        self._touched = {}

    def note_head(self, batch_id: str, before: BatchRow | None, after: BatchRow | BatchState | None) -> None:
        """Note what became of a batch of the group, apart from its stories; every one must be noted."""
        self._touched[batch_id] = _Touched(_Head.of(before), _Head.of(after))

    def note_stories(
        self, before: Mapping[StoryKey, StoryState], after: Mapping[StoryKey, StoryState]
    ) -> None:
        """Note what became of the stories of the group."""
        for key, story in after.items():
            known = before.get(key)
            if story is known:
                continue
            batch = self._touched[key[0]]
            was_final = known is not None and known.status.final and not _is_replayed(known, story)
            batch.new += known is None
            batch.was_open |= known is not None and not was_final
            batch.some_ended |= story.status.final and not was_final
            failures = _failure_of(known), _failure_of(story)
            if failures[0] is not failures[1]:
                batch.failures.append(failures)

    def note_costs(self, batch_ids: Iterable[str]) -> None:
        """Note the batches of the group whose cost has changed."""
        for batch_id in batch_ids:
            self._touched[batch_id].has_spent = True

    def write(self, connection: Connection) -> None:
        """Write the notifications of the group, whose stories and new version of the ledger are written."""
        number: int = connection.execute(select(version.c.number)).scalar_one()
        if number != self._version + 1:
            self._causes.clear()
        self._version = number
        for name, batch in self._touched.items():
            if batch.matters:
                last = read_latest(connection, name, NotificationKind.END)
                self._look_for_cause(connection, name, batch, last)
                self._look_for_end(connection, name, batch, last)
                self._look_for_budget(connection, name, batch)

    def collect(self) -> int:
        """Return how many notifications the committed transactions since the last call have written."""
        written, self._written = self._written, 0
        return written

    def forget(self) -> None:
        """Forget what was found in a transaction that was not committed."""
        self._causes.clear()
        self._version, self._written = -1, 0

    def _look_for_cause(self, connection: Connection, name: str, batch: _Touched, last: Latest) -> None:
        """Enqueue once if one cause has made many stories fail since the batch ended last."""
        grown = [after.failure.fingerprint for _, after in batch.failures if after]
        causes = self._causes.get(name)
        if causes is not None:
            _count(causes, batch.failures, last.decided_at)
        if not batch.after.opened or not (grown or batch.has_new_head):
            return
        if is_enqueued(connection, name, NotificationKind.EARLY, last.generation + 1):
            self._causes.pop(name, None)
            return
        if causes is None:
            causes = self._keep(name, read_causes(connection, name, last.decided_at))
            grown = [*causes]
        looked_at: Collection[str] = causes.keys() if batch.has_new_head else grown
        if any(_is_much(causes[cause], batch.after.expected) for cause in looked_at):
            self._enqueue(connection, name, NotificationKind.EARLY, last, None)

    def _look_for_end(self, connection: Connection, name: str, batch: _Touched, last: Latest) -> None:
        """Enqueue if the group has ended the batch."""
        if not batch.after.opened or not (batch.some_ended or batch.has_new_head):
            return
        if any(_has_some(connection, name, status) for status in _OPEN):
            return
        known = _count_stories(connection, name)
        if not known or known < batch.after.expected:
            return
        known_before = known - batch.new
        lacked = known_before == 0 or known_before < batch.before.expected
        if batch.was_open or lacked or not batch.before.opened:
            self._causes.pop(name, None)
            self._enqueue(connection, name, NotificationKind.END, last, _latest_end(connection, name))

    def _look_for_budget(self, connection: Connection, name: str, batch: _Touched) -> None:
        """Enqueue once for each limit of the cost if most of it is spent."""
        limit, limited_at = batch.after.max_cost, batch.after.limited_at
        if limit is None or not (batch.has_spent or batch.has_new_head):
            return
        query = select(batches.c.cost).where(batches.c.batch_id == name)
        cost = connection.execute(query).scalar_one()
        if cost is None or not is_near(cost, limit):
            return
        last = read_latest(connection, name, NotificationKind.BUDGET)
        if last.decided_at != limited_at:
            self._enqueue(connection, name, NotificationKind.BUDGET, last, limited_at)

    def _enqueue(
        self, connection: Connection, name: str, kind: NotificationKind, last: Latest, at: datetime | None
    ) -> None:
        generation = last.generation + 1
        self._written += enqueue(connection, self._to, name, kind, generation=generation, decided_at=at)

    def _keep(self, name: str, causes: Counter[str]) -> Counter[str]:
        self._causes[name] = causes
        while len(self._causes) > _CACHED:
            self._causes.popitem(last=False)
        return causes


def read_causes(connection: Connection, batch_id: str, after: datetime | None) -> Counter[str]:
    """Return how many stories of a batch have failed for each reason, by fingerprint.

    Parameters:
        after: only failures after this time count
    """
    plain = SqlAlchemyPlain(connection)
    cause: ColumnClause[str] = literal_column(plain.json_text("event", "failure", "fingerprint"))
    failed = [stories.c.batch_id == batch_id, stories.c.status == StoryStatus.FAILED.value]
    if after is not None:
        failed.append(stories.c.at > after)
    query = select(cause, func.count()).where(*failed).group_by(cause)
    return Counter({row[0]: row[1] for row in connection.execute(query)})


def _count(
    causes: Counter[str],
    failures: Iterable[tuple[StoryFailed | None, StoryFailed | None]],
    after: datetime | None,
) -> None:
    for pair in failures:
        for failed, change in zip(pair, (-1, 1), strict=True):
            if failed is not None and (after is None or failed.at > after):
                causes[failed.failure.fingerprint] += change


def _is_much(number: int, expected: int) -> bool:
    return number >= EARLY_STORIES and number * EARLY_PART >= expected


def _is_replayed(before: StoryState, after: StoryState) -> bool:
    """Whether a story that had ended was replayed, even if it has ended again since."""
    return bool(before.event and after.event and after.event.generation > before.event.generation)


def _failure_of(story: StoryState | None) -> StoryFailed | None:
    return story.event if story is not None and isinstance(story.event, StoryFailed) else None


def _has_some(connection: Connection, batch_id: str, status: StoryStatus) -> bool:
    """Whether a batch has a story at a status; the order makes PostgreSQL use the index."""
    query = (
        select(stories.c.story_id)
        .where(stories.c.batch_id == batch_id, stories.c.status == status.value)
        .order_by(stories.c.at)
        .limit(1)
    )
    return connection.execute(query).first() is not None


def _count_stories(connection: Connection, batch_id: str) -> int:
    query = select(func.count()).select_from(stories).where(stories.c.batch_id == batch_id)
    return int(connection.execute(query).scalar_one())


def _latest_end(connection: Connection, batch_id: str) -> datetime | None:
    """Return the time of the latest event that ended a story, which index alone knows."""
    found = []
    for status in _FINAL:
        query = select(func.max(stories.c.at)).where(
            stories.c.batch_id == batch_id, stories.c.status == status.value
        )
        found.append(connection.execute(query).scalar_one())
    return max((at for at in found if at is not None), default=None)
