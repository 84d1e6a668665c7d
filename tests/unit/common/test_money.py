"""Amounts: read exactly, kept in millionths, shown with as many digits as help."""

from __future__ import annotations

from decimal import Decimal

import pytest

from gt_common.money import (
    MOST,
    MOST_MILLIONTHS,
    add,
    as_number,
    check_currency,
    format_money,
    read_number,
    to_millionths,
)


@pytest.mark.parametrize(
    ("given", "number"),
    [
        (0, "0"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (1e-7, "0.0000001"),
        (3, "3"),
        ("0.012", "0.012"),
        (Decimal("0.333333333333333333"), "0.333333333333"),
        (MOST, str(MOST)),
    ],
)
def test_a_number_is_what_it_is_written_as(given: object, number: str) -> None:
    assert read_number(given) == Decimal(number)


@pytest.mark.parametrize(
    "given",
    [-0.01, float("nan"), float("inf"), MOST + 1, 10**5000, "", "x", "NaN", "9" * 50, True, None, [1], {}],
    ids=lambda value: (
        f"{type(value).__name__} {value:.9}" if isinstance(value, str) else type(value).__name__
    ),
)
def test_what_is_no_amount_is_none(given: object) -> None:
    assert read_number(given) is None


def test_ten_times_a_tenth_is_one() -> None:
    total = Decimal(0)
    for _ in range(10):
        total = add(total, read_number(0.1) or Decimal(0))
    assert to_millionths(total) == 1_000_000


def test_millionths_are_rounded_once_and_have_a_bound() -> None:
    assert to_millionths(Decimal("0.0000014")) == 1
    assert to_millionths(Decimal("0.0000016")) == 2
    assert to_millionths(Decimal(MOST) * 9) == MOST_MILLIONTHS
    assert (as_number(12_000), as_number(None), as_number(0)) == (0.012, None, 0.0)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0.00 USD"),
        (0.1, "0.10 USD"),
        (1234.5, "1,234.50 USD"),
        (0.012, "0.012 USD"),
        (0.05, "0.050 USD"),
        (0.00042, "0.00042 USD"),
        (0.000001, "0.0000010 USD"),
        (0.0999, "0.10 USD"),
    ],
)
def test_small_amounts_have_more_digits(amount: float, text: str) -> None:
    assert format_money(amount, "USD") == text


@pytest.mark.parametrize("text", ["usd", "US", "USDT", "U$D", "ÄÖÜ", ""])
def test_a_currency_is_three_capital_letters(text: str) -> None:
    assert check_currency("EUR") == "EUR"
    with pytest.raises(ValueError, match="three capital letters"):
        check_currency(text)
