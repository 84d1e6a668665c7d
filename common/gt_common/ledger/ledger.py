"""The ledger: apply events, query what they add up to."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Self

from gt_common.ledger import unknown, writing
from gt_common.ledger.address import parse_address
from gt_common.ledger.database import Database
from gt_common.ledger.migrate import bring_up_to_date, fold_known_events
from gt_common.ledger.outbox import NotificationKind, Outbox, Recipients, enqueue
from gt_common.ledger.reader import LedgerReader
from gt_common.ledger.watch import Watch
from gt_common.messages import Event, UnknownEvent

if TYPE_CHECKING:
    from gt_common.ledger.pruning.pruner import Pruner


class Ledger(LedgerReader):
    """Stores every event once, and the state that is folded from them.

    Parameters:
        to: who is told when a batch ends or fails; None if nobody is
    """

    def __init__(self, database: Database, to: Recipients | None = None) -> None:
        super().__init__(database)
        self._database = database
        self._to = to or Recipients((), uuid.uuid4().hex)
        self._watch = Watch(self._to) if self._to.targets else None
        self.on_enqueued: Callable[[], None] = lambda: None

    @classmethod
    def open(cls, url: str, *, timeout: float, notify: Sequence[str] = ()) -> Self:
        """Open a ledger; see `gt_common.ledger.open_ledger`."""
        database = Database(parse_address(url), timeout)
        try:
            bring_up_to_date(database)
            ledger = cls(database, Recipients(tuple(notify), uuid.uuid4().hex))
            fold_known_events(database, ledger._watch)
        except BaseException:
            database.close()
            raise
        return ledger

    def pruner(self) -> Pruner:
        """Return what removes old batches."""
        from gt_common.ledger.pruning.pruner import Pruner

        return Pruner(self._database)

    def apply(self, events: Sequence[Event | UnknownEvent]) -> int:
        """Store events in one transaction; return how many were new.

        Events may arrive in any order, repeatedly and from several processes at once. Those of unknown types
        are kept as they are, for a version that knows them. Notifications that they give rise to are written
        in the same transaction.

        Raises:
            MalformedMessageError: the database cannot store one of them; none was stored
        """
        if not events:
            return 0
        known = [event for event in events if not isinstance(event, UnknownEvent)]
        strange = [event for event in events if isinstance(event, UnknownEvent)]
        try:
            with self._database.writing() as connection:
                new = writing.take(connection, known, self._watch) + unknown.keep(connection, strange)
        except BaseException:
            if self._watch:
                self._watch.forget()
            raise
        if self._watch and self._watch.collect():
            self.on_enqueued()
        return new

    def enqueue(
        self,
        batch_id: str,
        kind: NotificationKind,
        detail: str | None = None,
        *,
        generation: int | None = None,
        again: bool = False,
    ) -> bool:
        """Have a notification sent, once; return whether it is new.

        Parameters:
            detail: what happened, in one sentence without a full stop
            generation: tells notifications of one kind apart; default: how often the batch has ended, plus 1
            again: whether it is a new one even if one of its kind was written before; for what is noticed
                once only
        """
        if not self._to.targets:
            return False
        with self._database.writing() as connection:
            new = enqueue(
                connection, self._to, batch_id, kind, generation=generation, again=again, detail=detail
            )
        if new:
            self.on_enqueued()
        return new

    def outbox(self) -> Outbox:
        """Return the notifications that are to be sent."""
        return Outbox(self._database, self._to.holder)
