"""The flags that stop a batch."""

from __future__ import annotations

import pytest

from gt_common.cli.stop_rules import (
    cost_limit_text,
    parse_cost_limit,
    parse_failure_limit,
    parse_rules,
    rule_flags,
    rules_text,
)
from gt_common.errors import UsageError


@pytest.mark.parametrize(
    ("text", "total", "allowed"),
    [("3", 100, 3), ("10%", 100, 10), ("10%", 3, 1), ("100%", 7, 7), ("34%", 3, 2)],
)
def test_a_limit_is_a_number_or_per_cent_of_the_batch(text: str, total: int, allowed: int) -> None:
    assert parse_failure_limit(text).of(total) == allowed


@pytest.mark.parametrize("text", ["", "0", "0%", "101%", "-1", "x", "5 %", "1.5"])
def test_other_limits_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--max-failures"):
        parse_failure_limit(text)


@pytest.mark.parametrize(
    ("text", "millionths", "shown"),
    [
        ("30", 30_000_000, "30"),
        ("2.5", 2_500_000, "2.50"),
        (" 2.50 ", 2_500_000, "2.50"),
        ("0.000001", 1, "0.000001"),
        ("999999999.999999", 999_999_999_999_999, "999999999.999999"),
        ("10.10", 10_100_000, "10.10"),
    ],
)
def test_an_amount_is_exact_and_shown_as_it_may_be_written(text: str, millionths: int, shown: str) -> None:
    assert parse_cost_limit(text) == millionths
    assert cost_limit_text(millionths) == shown
    assert parse_cost_limit(shown) == millionths


@pytest.mark.parametrize(
    "text", ["", "0", "0.0", "-1", "$30", "30 USD", "1e3", "1.0000001", "nan", "1,5", "9" * 10]
)
def test_other_amounts_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="GT_CURRENCY"):
        parse_cost_limit(text)


def test_rules_are_shown_and_set_again_as_they_were_given() -> None:
    rules = parse_rules("10%", "30")
    assert rules is not None
    assert rules_text(rules, "EUR") == "10% failed or a cost of 30.00 EUR"
    assert rule_flags(rules) == ["--max-failures", "10%", "--max-cost", "30"]
    assert parse_rules(None, None) is None
    assert rule_flags(None) == []
    assert rule_flags(parse_rules("5", None)) == ["--max-failures", "5"]
