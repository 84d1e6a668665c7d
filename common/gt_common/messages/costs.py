"""What was spent on a story, from what its runs have said, which may arrive late, twice or in any order.

Each run says what it has spent so far, so of all that a run has said the greatest counts, by provider; then
runs add up. That is a maximum, as the status of a story is one: nothing is ever incremented.
"""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from gt_common.money import MOST_MILLIONTHS

if TYPE_CHECKING:  # who only reads what was spent needs none of these models
    from gt_common.messages.events import StoryEvent
    from gt_common.messages.story_events import (
        StoryCancelled,
        StoryFailed,
        StoryReleased,
        StoryRetrying,
        StorySpent,
        StorySucceeded,
    )

    _WithCost = StorySpent | StoryReleased | StoryRetrying | StoryFailed | StorySucceeded | StoryCancelled

RunKey = tuple[int, int, int]
"""Generation, attempt and run."""


@dataclass(frozen=True)
class Costs:
    """What the runs of a story have spent: millionths of the currency, by run and provider."""

    runs: Mapping[RunKey, Mapping[str, int]] = field(default_factory=dict)

    def take(self, run: RunKey, cost: Mapping[str, int]) -> Costs:
        """Return the costs after one more report of a run; the same object if it brings nothing new."""
        known = self.runs.get(run, {})
        news = {name: spent for name, spent in cost.items() if spent > known.get(name, -1)}
        return Costs({**self.runs, run: {**known, **news}}) if news else self

    @property
    def total(self) -> int | None:
        """What all runs have spent; None if none has said anything."""
        return self.without(()) if self.runs else None

    def without(self, runs: Container[RunKey]) -> int:
        """Return what all runs but some have spent."""
        spent = (sum(cost.values()) for run, cost in self.runs.items() if run not in runs)
        return min(sum(spent), MOST_MILLIONTHS)

    def to_json(self) -> str | None:
        """Return `[[generation, attempt, run, {provider: millionths}], …]` as JSON; None if it is empty."""
        if not self.runs:
            return None
        ordered = [[*run, dict(sorted(cost.items()))] for run, cost in sorted(self.runs.items())]
        return json.dumps(ordered, separators=(",", ":"), ensure_ascii=False)


NO_COSTS: Final = Costs()
_WITH_COST: Final = frozenset(
    {
        "story.spent",
        "story.released",
        "story.retrying",
        "story.failed",
        "story.succeeded",
        "story.cancelled",
    }
)


def costs_after(costs: Costs, event: StoryEvent | StorySpent) -> Costs:
    """Return the costs of a story after one more of its events; the same object if it brings nothing new."""
    # By name: `isinstance` takes microseconds for each class of pydantic that an event is none of.
    if event.type not in _WITH_COST:
        return costs
    cost = cast("_WithCost", event).cost
    return costs if cost is None else costs.take(_run_of(event), cost)


def wasted(costs: Costs, latest: StoryEvent | None) -> int | None:
    """Return what runs have spent that are over and made no video; None if none has said anything.

    Parameters:
        latest: the event that decides the status of the story
    """
    if not costs.runs or latest is None:
        return costs.total
    match latest.type:
        case "story.succeeded":
            return costs.without((latest.made_in or _run_of(latest),))
        case "story.started" | "story.stage":
            return costs.without((_run_of(latest),))
        case _:
            return costs.total


def _run_of(event: StoryEvent | StorySpent) -> RunKey:
    return event.generation, event.attempt, event.run


def read_costs(text: str | None) -> Costs:
    """Read what `to_json` has written."""
    if text is None:
        return NO_COSTS
    return Costs({(generation, attempt, run): cost for generation, attempt, run, cost in json.loads(text)})
