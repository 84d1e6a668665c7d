"""Events of pauses: an operator, or a stop rule, paused or resumed a batch, or the whole fleet.

Of the events about one batch, or about the fleet, the one with the greatest revision counts. Each is made
with the greatest revision that its operator knew, plus one; so of two operators who acted at the same time
the later one counts, by time and then by id.
"""

from __future__ import annotations

from typing import Literal

from gt_common.messages.event_base import EventOfBatch, EventOfFleet
from gt_common.messages.fields import Label, Ordinal, Reason
from gt_common.messages.stop_rules import CostLimit, FailureLimit


class BatchPaused(EventOfBatch):
    """No story of the batch starts until it is resumed."""

    type: Literal["batch.paused"] = "batch.paused"
    by: Label
    reason: Reason | None = None
    revision: Ordinal = 1


class BatchResumed(EventOfBatch):
    """The pause of the batch is over.

    Parameters:
        max_failures, max_cost: stop rules, see `StopRules`; None leaves them as an earlier event set them
    """

    type: Literal["batch.resumed"] = "batch.resumed"
    by: Label
    reason: Reason | None = None
    revision: Ordinal = 1
    max_failures: FailureLimit | None = None
    max_cost: CostLimit | None = None


class FleetPaused(EventOfFleet):
    """No worker starts a story until the fleet is resumed."""

    type: Literal["fleet.paused"] = "fleet.paused"
    by: Label
    reason: Reason | None = None
    revision: Ordinal = 1


class FleetResumed(EventOfFleet):
    """The pause of the fleet is over."""

    type: Literal["fleet.resumed"] = "fleet.resumed"
    by: Label
    reason: Reason | None = None
    revision: Ordinal = 1


BatchHold = BatchPaused | BatchResumed
FleetHold = FleetPaused | FleetResumed
Paused = BatchPaused | FleetPaused
