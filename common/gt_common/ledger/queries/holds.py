"""Queries for pauses: of a batch, of the fleet, and of all batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gt_common import messages
from gt_common.ledger.plain import Plain
from gt_common.ledger.stored import read_fleet_hold, read_hold
from gt_common.lifecycle import later_hold

if TYPE_CHECKING:
    from gt_common.messages import BatchHold, BatchPaused, FleetHold


def read_fleet(plain: Plain) -> FleetHold | None:
    """Return the event that counts about the fleet; None if it was never paused."""
    query = "SELECT body FROM gt_fleet_holds WHERE revision = (SELECT max(revision) FROM gt_fleet_holds)"
    latest: FleetHold | None = None
    for (body,) in plain.rows(query):
        latest = later_hold(latest, read_fleet_hold(body))
    return latest


def read_batch_hold(plain: Plain, batch_id: str) -> BatchHold | None:
    """Return the event that counts of those that paused or resumed a batch; None if it was never paused."""
    query = "SELECT hold FROM gt_batches WHERE batch_id = ?"
    return next((read_hold(body) for (body,) in plain.rows(query, batch_id)), None)


def read_paused(plain: Plain) -> list[BatchPaused]:
    """Return the pauses of all batches that are paused, oldest batch first; also of those that have ended."""
    query = "SELECT hold FROM gt_batches WHERE hold IS NOT NULL ORDER BY since, batch_id"
    holds = [read_hold(body) for (body,) in plain.rows(query)]
    return [hold for hold in holds if isinstance(hold, messages.BatchPaused)]
