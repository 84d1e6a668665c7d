"""The stop rules of a run: what counts in it, and what counts over the whole batch."""

from __future__ import annotations

from gt_common.lifecycle import fold
from gt_common.messages import FailureLimit, StopRules, StoryFailed, StorySpent, StorySucceeded
from gt_consumer.batch.stop_rules import RunRules, StopRule, budget_text, stop_text
from support.samples.events import BATCH, TIMED_OUT, spent, story_event

DOLLAR = 1_000_000


def failed(number: int) -> StoryFailed:
    event = story_event(StoryFailed, number, failure=TIMED_OUT)
    assert isinstance(event, StoryFailed)
    return event


def costing(number: int, cents: int, run: int = 0) -> StorySpent:
    return spent(number, run=run, cost={"elevenlabs": cents * 10_000})


def test_failures_count_in_this_run_and_a_share_is_one_of_the_whole_batch() -> None:
    rules = RunRules(
        StopRules(max_failures=FailureLimit(percent=20)), 10, fold(BATCH, [failed(1), failed(2)])
    )
    rules.begin()
    rules.take(failed(3))
    assert (rules.allowed_failures, rules.met) == (2, None)
    rules.take(failed(4))
    assert rules.met is StopRule.MAX_FAILURES
    assert stop_text(rules, "USD") == "the limit of 2 failed stories is reached (--max-failures)"


def test_costs_count_over_the_whole_batch_once_each() -> None:
    before = fold(BATCH, [costing(1, 40), costing(1, 20, run=1)])
    rules, warnings = RunRules(StopRules(max_cost=DOLLAR), 3, before), list[str]()
    rules.on_near.append(lambda: warnings.append(budget_text(rules, "USD")))
    rules.begin()
    for event in (costing(2, 5), costing(2, 19), costing(2, 19)):
        rules.take(event)
        assert (rules.cost <= 790_000, warnings, rules.met) == (True, [], None)
    rules.take(costing(2, 20))
    assert (rules.cost, warnings) == (800_000, ["0.80 USD of 1.00 USD spent (--max-cost)"])
    done = story_event(StorySucceeded, 3, output_path="/v.mp4", cost={"gemini": 250_000})
    rules.take(done)
    rules.take(done)
    assert (rules.cost, len(warnings), rules.met) == (1_050_000, 1, StopRule.MAX_COST)
    assert stop_text(rules, "USD") == "the batch has cost 1.05 USD, the limit is 1.00 USD (--max-cost)"
    rules.change(StopRules(max_cost=3 * DOLLAR))
    assert rules.met is StopRule.MAX_COST, "other stories were sent away meanwhile"


def test_what_was_spent_before_stops_a_run_before_its_first_story_and_a_higher_limit_lets_it_begin() -> None:
    before = fold(BATCH, [costing(1, 100)])
    for limit, met in ((DOLLAR, StopRule.MAX_COST), (DOLLAR + 1, None)):
        rules = RunRules(StopRules(max_cost=limit), 3, before)
        rules.begin()
        assert rules.met is met
    free = RunRules(None, 3, before)
    free.take(costing(2, 10_000))
    assert (free.met, free.allowed_cost) == (None, None)
