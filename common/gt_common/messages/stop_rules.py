"""Rules that stop a batch: how many of its stories may fail, and how much it may cost."""

from __future__ import annotations

import math
from typing import Annotated, Final, Protocol, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, model_validator

from gt_common.messages.fields import Identifier, Ordinal

MOST_COST: Final = 10**15
"""Highest cost limit, in millionths of the currency."""
CostLimit = Annotated[int, Field(ge=1, le=MOST_COST)]
NEAR_PERCENT: Final = 80
"""Share of a cost limit from which on people are warned."""


_NUMBER: Final[JsonValue] = {"type": "integer"}


def _one_of_both(schema: dict[str, JsonValue]) -> None:
    """Add to the JSON Schema what the validator checks."""
    schema["oneOf"] = [{"required": [name], "properties": {name: _NUMBER}} for name in ("count", "percent")]


STOP_RULE: Final = "stop rule"
"""Who pauses a batch of the fleet that has met a limit, as an operator's name elsewhere."""


class FailureLimit(BaseModel):
    """How many stories may fail: a number of stories, or a percentage of the batch."""

    model_config = ConfigDict(frozen=True, defer_build=True, json_schema_extra=_one_of_both)

    count: Ordinal | None = None
    percent: Annotated[int, Field(ge=1, le=100)] | None = None

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.count is None) == (self.percent is None):
            raise ValueError("a failure limit is either a count or a percent")
        return self

    def of(self, total: int) -> int:
        """Return the limit as a number of stories, for a batch of `total` stories."""
        if self.percent is None:
            return self.count or 1
        return max(1, math.ceil(total * self.percent / 100))

    def __str__(self) -> str:
        """Format the limit as it is written on a command line: `5`, `10%`."""
        return str(self.count) if self.percent is None else f"{self.percent}%"


class SetsRules(Protocol):
    """An event that may set stop rules; what is None in it stays as it is."""

    @property
    def event_id(self) -> str: ...

    @property
    def at(self) -> AwareDatetime: ...

    @property
    def max_failures(self) -> FailureLimit | None: ...

    @property
    def max_cost(self) -> int | None: ...


class Setting(BaseModel):
    """The event that set a rule; of two the later one counts, of equal times the greater id."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    at: AwareDatetime
    event_id: Identifier


class StopRules(BaseModel):
    """The stop rules of a batch: of each rule, the latest event that sets it counts.

    So neither the order nor the repetition of the events matters.

    Parameters:
        max_failures: how many stories may fail before the batch is stopped; None for any number
        max_cost: millionths of the currency that the batch may cost; None for any amount
        failures_by, cost_by: which event set them
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    max_failures: FailureLimit | None = None
    max_cost: CostLimit | None = None
    failures_by: Setting | None = None
    cost_by: Setting | None = None

    def after(self, event: SetsRules) -> StopRules:
        """Return the rules after one more event; the same object if it changes nothing."""
        by = Setting(at=event.at, event_id=event.event_id)
        changes: dict[str, object] = {}
        if event.max_failures is not None and _is_later(by, self.failures_by):
            changes |= {"max_failures": event.max_failures, "failures_by": by}
        if event.max_cost is not None and _is_later(by, self.cost_by):
            changes |= {"max_cost": event.max_cost, "cost_by": by}
        return self.model_copy(update=changes) if changes else self


def is_near(cost: int, limit: int) -> bool:
    """Whether so much of a cost limit is spent that people are warned; both in millionths of the currency."""
    return cost * 100 >= limit * NEAR_PERCENT


def rules_after(rules: StopRules | None, event: SetsRules) -> StopRules | None:
    """Return the rules of a batch after one more event; None as long as no event has set one."""
    if event.max_failures is None and event.max_cost is None:
        return rules
    return (rules or StopRules()).after(event)


def _is_later(one: Setting, other: Setting | None) -> bool:
    return other is None or (one.at, one.event_id) > (other.at, other.event_id)
