"""Amounts of money: exact decimals where they come in, whole millionths of the currency inside.

Nothing adds up binary fractions: ten times 0.1 must be 1.
"""

from __future__ import annotations

from decimal import Context, Decimal, InvalidOperation
from typing import Final

MILLION: Final = 1_000_000
DEFAULT_CURRENCY: Final = "USD"
MOST: Final = 5_000_000
"""Most that one run of a story can cost; a batch of a million stories then still fits into 64 bits."""
MOST_MILLIONTHS: Final = MOST * MILLION
MOST_QUANTITY: Final = 10**12

_DIGITS: Final = 40
_FINEST: Final = Decimal("1e-12")
_EXACT: Final = Context(prec=60)


def check_currency(text: str) -> str:
    """Return the code of a currency.

    Raises:
        ValueError: it is not three capital letters
    """
    if len(text) != len("USD") or not (text.isascii() and text.isalpha() and text.isupper()):
        raise ValueError("use the three capital letters of a currency, such as USD")
    return text


def read_number(value: object, most: int = MOST) -> Decimal | None:
    """Return a number as an exact decimal; None if it is not finite, negative, or more than `most`.

    A binary fraction counts as what it is written as: 0.1 is a tenth.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        return None
    text = str(value) if not isinstance(value, int) or abs(value) <= most else "NaN"
    if len(text) > _DIGITS:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite() or not 0 <= number <= most:
        return None
    return abs(number.quantize(_FINEST, context=_EXACT))


def add(one: Decimal, other: Decimal) -> Decimal:
    """Return an exact sum."""
    return _EXACT.add(one, other)


def multiply(one: Decimal, other: Decimal) -> Decimal:
    """Return an exact product."""
    return _EXACT.multiply(one, other)


def to_millionths(amount: Decimal) -> int:
    """Return an amount of the currency in whole millionths, at most MOST_MILLIONTHS."""
    return min(round(_EXACT.multiply(amount, Decimal(MILLION))), MOST_MILLIONTHS)


def as_number(millionths: int | None) -> float | None:
    """Return millionths as the number that documents have; None for None."""
    return None if millionths is None else millionths / MILLION


def format_amount(amount: float) -> str:
    """Format an amount as `1,234.50`; of one below a tenth two digits count."""
    return f"{Decimal(f'{amount:.1e}'):f}" if 0 < amount < 0.0995 else f"{amount:,.2f}"


def format_money(amount: float, currency: str) -> str:
    """Format an amount with its currency: `1,234.50 USD`."""
    return f"{format_amount(amount)} {currency}"


def format_millionths(millionths: int, currency: str) -> str:
    """Format millionths of a currency: `1,234.50 USD`."""
    return format_money(millionths / MILLION, currency)
