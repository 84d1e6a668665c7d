"""What a list will probably cost: the median of what earlier videos have cost, or nothing at all."""

from __future__ import annotations

from gt_common.cli.cost_estimate import CostEstimate


def test_the_median_of_earlier_videos_times_the_stories() -> None:
    estimate = CostEstimate(20, [100_000, 9_000_000, 120_000], "EUR")
    assert estimate.document() == {"estimate_cost": 2.4, "estimate_cost_from": 3, "currency": "EUR"}
    assert estimate.line() == "estimated cost: 2.40 EUR (median of 3 videos: 0.12 EUR each)"


def test_between_two_videos_the_middle_counts() -> None:
    assert CostEstimate(1, [1, 4], "USD").total == 0.000002


def test_without_any_known_cost_there_is_no_estimate() -> None:
    estimate = CostEstimate(20, [], "USD")
    assert estimate.document() == {"estimate_cost": None, "estimate_cost_from": 0, "currency": "USD"}
    assert estimate.line() is None


def test_what_is_free_is_estimated_as_free() -> None:
    line = CostEstimate(20, [0], "USD").line()
    assert line == "estimated cost: 0.00 USD (median of 1 video: 0.00 USD each)"
