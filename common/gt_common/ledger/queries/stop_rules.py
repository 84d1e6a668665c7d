"""What stop rules are judged by, for batches that have any; the effort does not grow with the batch.

What has failed is counted in the index `gt_stories_status`; what was spent is a sum that the ledger keeps.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from gt_common.ledger.plain import Plain, Row, marks, parts
from gt_common.ledger.stored import read_hold, read_opened, read_rules
from gt_common.lifecycle import StoryStatus
from gt_common.messages import BatchHold, BatchResumed, StopRules, is_local


@dataclass(frozen=True)
class RuledBatch:
    """A batch with stop rules that goes through the broker, and what they are judged by.

    Parameters:
        total: how many stories were announced
        failed: stories that have failed since the batch was resumed last, if it was
        cost: millionths of the currency spent on it; None if no run has said any
        hold: the event that counts of those that paused or resumed the batch
    """

    batch_id: str
    rules: StopRules
    total: int
    failed: int
    cost: int | None
    hold: BatchHold | None


def read_ruled_batches(plain: Plain, batch_ids: Collection[str] | None) -> list[RuledBatch]:
    """Return those of these batches, or of all, that have stop rules and go through the broker."""
    batches = (_ruled_batch(plain, row) for row in list(_rows(plain, batch_ids)))
    return [batch for batch in batches if batch is not None]


def _rows(plain: Plain, batch_ids: Collection[str] | None) -> Iterator[Row]:
    query = "SELECT batch_id, opened, expected, rules, cost, hold FROM gt_batches WHERE rules IS NOT NULL"
    if batch_ids is None:
        yield from plain.rows(query)
        return
    for ids in parts(batch_ids):
        yield from plain.rows(f"{query} AND batch_id IN ({marks(ids)})", *ids)


def _ruled_batch(plain: Plain, row: Row) -> RuledBatch | None:
    batch_id, body, expected, rules_body, cost, hold_body = row
    opened, rules, hold = read_opened(body), read_rules(rules_body), read_hold(hold_body)
    if opened is None or is_local(opened) or rules is None:
        return None
    failed = _count_failed(plain, batch_id, hold) if rules.max_failures else 0
    return RuledBatch(batch_id, rules, expected, failed, cost, hold)


def _count_failed(plain: Plain, batch_id: str, hold: BatchHold | None) -> int:
    query = "SELECT count(*) FROM gt_stories WHERE batch_id = ? AND status = ?"
    given = [batch_id, StoryStatus.FAILED.value]
    if isinstance(hold, BatchResumed):
        query, given = f"{query} AND at > ?", [*given, plain.time(hold.at)]
    [[number]] = plain.rows(query, *given)
    return int(number)
