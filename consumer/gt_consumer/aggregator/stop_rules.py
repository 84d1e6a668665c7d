"""Whether a batch has met one of its stop rules, and how to say so."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from gt_common.ledger.queries.stop_rules import RuledBatch
from gt_common.messages import STOP_RULE, BatchPaused, BatchResumed
from gt_common.messages.stop_rules import Setting
from gt_common.money import format_millionths


@dataclass(frozen=True)
class LimitMet:
    """A batch has met a limit.

    Parameters:
        reason: what happened, with the numbers
        set_by: the id of the event that set the limit
    """

    rule: Literal["max_failures", "max_cost"]
    reason: str
    set_by: str


def limit_met(batch: RuledBatch, currency: str) -> LimitMet | None:
    """Return the limit that a batch has met; None if its stories may go on."""
    return _failures_met(batch) or _cost_met(batch, currency)


def _failures_met(batch: RuledBatch) -> LimitMet | None:
    limit = batch.rules.max_failures
    if limit is None or batch.failed < limit.of(batch.total):
        return None
    since = " since it was resumed" if isinstance(batch.hold, BatchResumed) else ""
    said = f"{batch.failed} of {batch.total} stories failed{since} (limit {str(limit).replace('%', ' %')})"
    return LimitMet("max_failures", said, _set_by(batch.rules.failures_by))


def _cost_met(batch: RuledBatch, currency: str) -> LimitMet | None:
    limit = batch.rules.max_cost
    if limit is None or (batch.cost or 0) < limit:
        return None
    spent, allowed = (format_millionths(part, currency) for part in (batch.cost or 0, limit))
    said = f"{spent} spent (limit {allowed})"
    return LimitMet("max_cost", said, _set_by(batch.rules.cost_by))


def pause_for(batch: RuledBatch, met: LimitMet) -> BatchPaused:
    """Return the event that pauses a batch: the same each time until it is stored."""
    revision = batch.hold.revision + 1 if batch.hold else 1
    digest = hashlib.sha256(f"{STOP_RULE} {batch.batch_id} {met.rule} {met.set_by} {revision}".encode())
    return BatchPaused(
        event_id=digest.hexdigest()[:32],
        batch_id=batch.batch_id,
        by=STOP_RULE,
        reason=met.reason,
        revision=revision,
    )


def _set_by(setting: Setting | None) -> str:
    return setting.event_id if setting else ""
