"""The outbox: notifications that are due, written in the transaction that takes in what they are about.

Sending is somebody else's work, outside any transaction. A row belongs to the process that wrote it or tried
last; another process takes it over when that one has missed its time, as one that was killed does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select, update

from gt_common.ledger.schema import outbox
from gt_common.messages import utc_now

if TYPE_CHECKING:
    from gt_common.ledger.database import Database

GRACE_S: Final = 10.0
"""Seconds after which a row that its process has not taken is taken by another."""
LEASE_S: Final = 90.0
"""Seconds that a try may take before it counts as lost with its process."""


class NotificationKind(StrEnum):
    """What a notification is about."""

    END = "end"
    """The batch has ended."""
    EARLY = "early"
    """Many of its stories fail for one reason."""
    BUDGET = "budget"
    """It has spent most of its budget."""
    STOPPED = "stopped"
    """A stop rule has stopped it."""


class SendState(StrEnum):
    """State of a notification to one target."""

    WAITING = "waiting"
    SENT = "sent"
    GIVEN_UP = "given_up"


@dataclass(frozen=True)
class Notification:
    """One notification to one target.

    Parameters:
        generation: of the batch: 1, plus one for each time that it ended before
        target: digest of the target's address
        detail: what happened, in one sentence, from who noticed it
        tries: including the one that it was claimed for
    """

    batch_id: str
    kind: NotificationKind
    generation: int
    target: str
    detail: str | None
    created_at: datetime
    tries: int


class Outbox:
    """Notifications of a ledger, as one process sees them; safe to use from several threads.

    Every method raises LedgerUnreachableError or CredentialsRefusedError when the database cannot be used.

    Parameters:
        holder: names this process in the rows that it writes or tries
    """

    def __init__(self, database: Database, holder: str) -> None:
        self._database = database
        self.holder = holder

    def claim(self, target: str) -> Notification | None:
        """Return the oldest notification that is due for a target, reserved for a try of this process."""
        with self._database.reading() as connection:
            if self._due(connection, target) is None:
                return None
        # Only who claims becomes the ledger's writer: looking costs the aggregator nothing.
        with self._database.writing() as connection:
            found = self._due(connection, target)
            if found is None:
                return None
            until = _now(connection) + timedelta(seconds=LEASE_S)
            values = {"holder": self.holder, "due_at": until, "tries": found.tries}
            connection.execute(update(outbox).where(_key(found)).values(values))
            return found

    def note_sent(self, notification: Notification) -> None:
        """Note that a notification has arrived, also if another process holds it now."""
        with self._database.writing() as connection:
            values = {"state": SendState.SENT.value, "sent_at": _now(connection), "detail": None}
            connection.execute(update(outbox).where(_key(notification)).values(values))

    def note_failed(self, notification: Notification, retry_s: float | None) -> None:
        """Note that a try failed, unless another process has taken the notification over.

        Parameters:
            retry_s: seconds until the next try; None to give up
        """
        with self._database.writing() as connection:
            if retry_s is None:
                values: dict[str, object] = {"state": SendState.GIVEN_UP.value}
            else:
                values = {"due_at": _now(connection) + timedelta(seconds=retry_s)}
            held = and_(outbox.c.holder == self.holder, outbox.c.state == SendState.WAITING.value)
            connection.execute(update(outbox).where(_key(notification), held).values(values))

    def count_waiting(self, targets: Sequence[str], batch_id: str) -> int:
        """Return how many notifications about a batch these targets have not got yet."""
        mine = and_(outbox.c.batch_id == batch_id, outbox.c.target.in_(targets))
        query = select(func.count()).where(mine, outbox.c.state == SendState.WAITING.value)
        return self._database.read(lambda connection: int(connection.execute(query).scalar_one()))

    def _due(self, connection: Connection, target: str) -> Notification | None:
        now = _now(connection)
        own = and_(outbox.c.holder == self.holder, outbox.c.due_at <= now)
        due = or_(own, outbox.c.due_at <= now - timedelta(seconds=GRACE_S))
        row = connection.execute(
            select(outbox)
            .where(outbox.c.state == SendState.WAITING.value, outbox.c.target == target, due)
            .order_by(outbox.c.due_at)
            .limit(1)
        ).first()
        if row is None:
            return None
        return Notification(
            batch_id=row.batch_id,
            kind=NotificationKind(row.kind),
            generation=row.generation,
            target=row.target,
            detail=row.detail,
            created_at=row.created_at,
            tries=row.tries + 1,
        )


@dataclass(frozen=True)
class Recipients:
    """To whom the notifications of a ledger go, and who sends them.

    Parameters:
        targets: digests of their addresses; empty if nobody is to be told
        holder: names the process that sends them
    """

    targets: tuple[str, ...]
    holder: str


@dataclass(frozen=True)
class Latest:
    """The latest notification of a kind about a batch.

    Parameters:
        generation: 0 if there is none
        decided_at: time of the event that it is about
    """

    generation: int
    decided_at: datetime | None


def read_latest(connection: Connection, batch_id: str, kind: NotificationKind) -> Latest:
    """Return the latest notification of a kind about a batch."""
    query = (
        select(outbox.c.generation, outbox.c.decided_at)
        .where(outbox.c.batch_id == batch_id, outbox.c.kind == kind.value)
        .order_by(outbox.c.generation.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return Latest(row.generation, row.decided_at) if row else Latest(0, None)


def is_enqueued(connection: Connection, batch_id: str, kind: NotificationKind, generation: int) -> bool:
    """Whether a notification was written, for any target."""
    same = (outbox.c.batch_id == batch_id, outbox.c.kind == kind.value, outbox.c.generation == generation)
    return connection.execute(select(outbox.c.target).where(*same).limit(1)).first() is not None


def enqueue(
    connection: Connection,
    to: Recipients,
    batch_id: str,
    kind: NotificationKind,
    *,
    generation: int | None = None,
    again: bool = False,
    decided_at: datetime | None = None,
    detail: str | None = None,
) -> bool:
    """Write a notification for every target, once; return whether it is new.

    Parameters:
        generation: tells notifications of one kind apart; default: how often the batch has ended, plus one
        again: whether it is a new one even if one of its kind was written before
        decided_at: time of the event that it is about; default: now
        detail: what happened, in one sentence
    """
    if again:
        generation = read_latest(connection, batch_id, kind).generation + 1
    elif generation is None:
        generation = read_latest(connection, batch_id, NotificationKind.END).generation + 1
    if not to.targets or is_enqueued(connection, batch_id, kind, generation):
        return False
    now = _now(connection)
    shared = {
        "batch_id": batch_id,
        "kind": kind.value,
        "generation": generation,
        "state": SendState.WAITING.value,
        "detail": detail,
        "decided_at": decided_at or now,
        "created_at": now,
        "tries": 0,
        "due_at": now,
        "holder": to.holder,
    }
    connection.execute(insert(outbox), [shared | {"target": target} for target in to.targets])
    return True


def _key(notification: Notification) -> ColumnElement[bool]:
    return and_(
        outbox.c.batch_id == notification.batch_id,
        outbox.c.kind == notification.kind.value,
        outbox.c.generation == notification.generation,
        outbox.c.target == notification.target,
    )


def _now(connection: Connection) -> datetime:
    """Return the time by one clock for all processes: that of the server, or of the only machine."""
    if connection.dialect.name == "sqlite":
        return utc_now()
    now: datetime = connection.execute(select(func.now())).scalar_one()
    return now
