"""What is paused: in the fleet according to the orders, in batches of gt-batch according to the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gt_common.errors import CredentialsRefusedError, LedgerUnreachableError
from gt_common.ledger import LedgerReader, read_ledger
from gt_common.lifecycle import BatchPhase
from gt_common.messages import BatchPaused, is_local
from gt_common.messaging.control.holds import Holds
from gt_common.messaging.control.notices import HoldNotice
from gt_common.messaging.names import Names
from gt_common.settings import Settings

_LEFT_OVER = timedelta(days=1)
"""How long after the end of a pause its queue is looked for: workers that start later empty it."""


@dataclass(frozen=True)
class Pause:
    """A pause in force; without a batch, that of the whole fleet."""

    batch_id: str | None
    by: str
    reason: str | None
    at: datetime


def pauses_in_force(settings: Settings, holds: Holds) -> tuple[tuple[Pause, ...], str]:
    """Return the pauses in force, that of the whole fleet first, and why some may be missing, else nothing.

    Without a ledger those of gt-batch are missing, and those of batches that have ended are not left out.
    """
    held = holds.all_held()
    try:
        with read_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
            return (*_in_order([*_of_fleet(ledger, held), *_of_gt_batch(ledger)]),), ""
    except (LedgerUnreachableError, CredentialsRefusedError) as error:
        return (*_in_order([_pause(hold) for hold in held]),), str(error)


def parked_queues(names: Names, holds: Holds, now: datetime) -> list[str]:
    """Return the queues in which stories of paused batches wait, or may be left from a pause that is over."""
    found = []
    for batch_id in holds.batches():
        latest = holds.latest(batch_id)
        if holds.held(batch_id) or (latest and now - latest.at < _LEFT_OVER):
            found += [names.parked_queue(batch_id, revision) for revision in holds.revisions(batch_id)]
    return found


def _of_fleet(ledger: LedgerReader, held: Iterable[HoldNotice]) -> list[Pause]:
    return [_pause(hold) for hold in held if hold.batch_id is None or not _has_ended(ledger, hold.batch_id)]


def _of_gt_batch(ledger: LedgerReader) -> list[Pause]:
    return [
        _pause(hold)
        for hold in ledger.paused_batches()
        if is_local(ledger.head(hold.batch_id).opened) and not _has_ended(ledger, hold.batch_id)
    ]


def _has_ended(ledger: LedgerReader, batch_id: str) -> bool:
    return ledger.knows(batch_id) and ledger.phase(batch_id) is not BatchPhase.OPEN


def _pause(hold: HoldNotice | BatchPaused) -> Pause:
    return Pause(hold.batch_id, hold.by, hold.reason, hold.at)


def _in_order(pauses: Sequence[Pause]) -> list[Pause]:
    return sorted(pauses, key=lambda pause: (pause.batch_id is not None, pause.at, pause.batch_id or ""))
