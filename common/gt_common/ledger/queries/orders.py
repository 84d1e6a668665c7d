"""Queries for a running gt-batch: what operators have ordered for its batch, cheap at any size of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gt_common.ledger.plain import Plain
from gt_common.ledger.stored import read_cancelled, read_hold, read_rules
from gt_common.lifecycle import StoryStatus
from gt_common.messages import BatchHold, StopRules, StoryCancelled

Trace = Sequence[object]
"""What differs when an order has arrived."""


@dataclass(frozen=True)
class Orders:
    """What is ordered for a batch.

    Parameters:
        trace: to be compared with that of the last look
        cancelled: the events that cancelled its stories
        hold: the event that counts of those that paused or resumed it
        rules: its stop rules
    """

    trace: Trace
    cancelled: Sequence[StoryCancelled]
    hold: BatchHold | None
    rules: StopRules | None


def read_orders(plain: Plain, batch_id: str, seen: Trace) -> Orders | None:
    """Return the orders for a batch; None if there are no others than at the last look.

    Looking reads one row, and an index of what is cancelled already, however many stories there are.

    Parameters:
        seen: the trace of the last look; empty at the first one
    """
    count = "SELECT count(*), max(at) FROM gt_stories WHERE batch_id = ? AND status = ?"
    [cancelled] = plain.rows(count, batch_id, StoryStatus.CANCELLED.value)
    batches = list(plain.rows("SELECT hold, rules FROM gt_batches WHERE batch_id = ?", batch_id))
    hold, rules = batches[0] if batches else (None, None)
    trace = (*cancelled, hold, rules)
    if trace == seen:
        return None
    return Orders(trace, read_cancels(plain, batch_id), read_hold(hold), read_rules(rules))


def read_cancels(plain: Plain, batch_id: str) -> list[StoryCancelled]:
    """Return the events that cancelled the stories of a batch, in the order of its list."""
    query = "SELECT event FROM gt_stories WHERE batch_id = ? AND status = ? ORDER BY position, story_id"
    return [read_cancelled(row[0]) for row in plain.rows(query, batch_id, StoryStatus.CANCELLED.value)]
