"""The stop rules of a batch, as one run of it on one machine keeps them."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from gt_common.lifecycle import BatchState
from gt_common.messages import Event, StopRules, StoryEvent, StoryFailed, StorySpent
from gt_common.messages.costs import NO_COSTS, costs_after
from gt_common.messages.stop_rules import is_near
from gt_common.money import format_millionths
from gt_common.texts import plural


class StopRule(StrEnum):
    """What starts no more stories of a batch."""

    MAX_FAILURES = "max_failures"
    """So many stories have failed in this run: a batch continues when the cause is fixed."""
    MAX_COST = "max_cost"
    """The batch has cost so much, in all its runs: money stays spent."""


class RunRules:
    """The stop rules of one run; its events decide whether one stops it.

    Parameters:
        rules: None if the batch has none
        total: stories of the batch
        before: the batch before the run; None for a new one
        on_near: are called when most of the cost limit is spent, once for each limit
        cost: millionths of the currency that the batch has cost
        met: the rule that stops the run, even if it is changed before the last story has ended
    """

    def __init__(self, rules: StopRules | None, total: int, before: BatchState | None = None) -> None:
        self._rules = rules
        self._total = total
        self._failed = 0
        self._near = False
        stories = before.stories if before else {}
        self._costs = {story_id: state.costs for story_id, state in stories.items()}
        self.cost = (before.cost if before else None) or 0
        self.on_near: list[Callable[[], None]] = []
        self.met: StopRule | None = None

    @property
    def allowed_failures(self) -> int | None:
        """How many stories may fail in the run; None for any number."""
        limit = self._rules.max_failures if self._rules else None
        return limit.of(self._total) if limit else None

    @property
    def allowed_cost(self) -> int | None:
        """How many millionths of the currency the batch may cost; None for any amount."""
        return self._rules.max_cost if self._rules else None

    def begin(self) -> None:
        """Judge what was spent before the run."""
        self._judge()

    def take(self, event: Event) -> None:
        """Take an event of the run."""
        if not isinstance(event, StoryEvent | StorySpent):
            return
        if isinstance(event, StoryFailed):
            self._failed += 1
        before = self._costs.get(event.story_id, NO_COSTS)
        after = self._costs[event.story_id] = costs_after(before, event)
        self.cost += (after.total or 0) - (before.total or 0)
        self._judge()

    def change(self, rules: StopRules) -> None:
        """Go by other rules from now on."""
        self._rules = rules
        self._near = False
        self._judge()

    def _judge(self) -> None:
        failures, cost = self.allowed_failures, self.allowed_cost
        if cost is not None and is_near(self.cost, cost) and not self._near:
            self._near = True
            for call in self.on_near:
                call()
        if failures is not None and self._failed >= failures:
            self.met = self.met or StopRule.MAX_FAILURES
        if cost is not None and self.cost >= cost:
            self.met = self.met or StopRule.MAX_COST


def budget_text(rules: RunRules, currency: str) -> str:
    """Format that most of what a batch may cost is spent."""
    spent, allowed = _amounts(rules, currency)
    return f"{spent} of {allowed} spent (--max-cost)"


def stop_text(rules: RunRules, currency: str) -> str:
    """Format which rule has stopped a batch."""
    if rules.met is StopRule.MAX_COST:
        spent, allowed = _amounts(rules, currency)
        return f"the batch has cost {spent}, the limit is {allowed} (--max-cost)"
    reached = plural(rules.allowed_failures or 0, "failed story")
    return f"the limit of {reached} is reached (--max-failures)"


def _amounts(rules: RunRules, currency: str) -> tuple[str, str]:
    """Format what a batch has cost and what it may cost."""
    return format_millionths(rules.cost, currency), format_millionths(rules.allowed_cost or 0, currency)
