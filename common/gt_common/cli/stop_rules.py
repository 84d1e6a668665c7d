"""The flags that stop a batch: how they are read and shown."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from gt_common.errors import UsageError
from gt_common.messages import MOST_COST, FailureLimit, StopRules
from gt_common.money import MILLION, format_millionths

_FAILURES: Final = re.compile(r"(\d{1,6})(%?)", re.ASCII)
_AMOUNT: Final = re.compile(r"\d{1,9}(\.\d{1,6})?", re.ASCII)


def parse_failure_limit(text: str) -> FailureLimit:
    """Parse `5` or `10%`.

    Raises:
        UsageError: it is neither
    """
    match = _FAILURES.fullmatch(text.strip())
    number = int(match[1]) if match else 0
    if match and number >= 1 and (not match[2] or number <= 100):
        return FailureLimit(percent=number) if match[2] else FailureLimit(count=number)
    raise UsageError(
        f"invalid --max-failures {text!r}: expected a number of stories or a percentage, such as 5 or 10%"
    )


def parse_cost_limit(text: str) -> int:
    """Parse an amount such as `30` or `2.50` into millionths of the currency.

    Raises:
        UsageError: it is not an amount, is zero, or has more than six decimals
    """
    compact = text.strip()
    amount = int(Decimal(compact) * MILLION) if _AMOUNT.fullmatch(compact) else 0
    if not 1 <= amount <= MOST_COST:
        raise UsageError(
            f"invalid --max-cost {text!r}: expected an amount in GT_CURRENCY, such as 30 or 2.50"
        )
    return amount


def cost_limit_text(millionths: int) -> str:
    """Format a cost limit as it is written on a command line: `30`, `2.50`."""
    text = f"{Decimal(millionths) / MILLION:.6f}".rstrip("0").rstrip(".")
    return f"{text}0" if len(text.partition(".")[2]) == 1 else text


def parse_rules(max_failures: str | None, max_cost: str | None) -> StopRules | None:
    """Parse both flags; None if neither is given.

    Raises:
        UsageError: one is invalid
    """
    if max_failures is None and max_cost is None:
        return None
    return StopRules(
        max_failures=None if max_failures is None else parse_failure_limit(max_failures),
        max_cost=None if max_cost is None else parse_cost_limit(max_cost),
    )


def rule_flags(rules: StopRules | None) -> list[str]:
    """Return the flags that set these rules again, as words of a command line."""
    words: list[str] = []
    if rules is not None and rules.max_failures is not None:
        words += ["--max-failures", str(rules.max_failures)]
    if rules is not None and rules.max_cost is not None:
        words += ["--max-cost", cost_limit_text(rules.max_cost)]
    return words


def rules_text(rules: StopRules, currency: str) -> str:
    """Format rules for people: `10% failed`, `5 failed or a cost of 30.00 USD`."""
    parts = [] if rules.max_failures is None else [f"{rules.max_failures} failed"]
    if rules.max_cost is not None:
        parts.append(f"a cost of {format_millionths(rules.max_cost, currency)}")
    return " or ".join(parts)
