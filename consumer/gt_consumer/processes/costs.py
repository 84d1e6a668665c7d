"""What a run says of its cost: what it has spent, or what it has used, of which provider.

A line that is wrong never fails a story: it is read as `WrongCost` and ends as a warning in the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from gt_common.money import MOST, MOST_QUANTITY, read_number
from gt_common.texts import truncate
from gt_consumer.processes.values import label

_SHOWN = 100


@dataclass(frozen=True)
class Spent:
    """The run has spent this much more, in the currency of GT_CURRENCY."""

    provider: str
    amount: Decimal


@dataclass(frozen=True)
class Used:
    """The run has used this much more of a provider, such as characters; GT_PRICES has its price."""

    provider: str
    unit: str
    quantity: Decimal


@dataclass(frozen=True)
class WrongCost:
    """The run has said something of its cost that cannot be counted; `wrong_cost` is what is wrong."""

    wrong_cost: str


Cost = Spent | Used | WrongCost


def spent(provider: object, amount: object) -> Spent | WrongCost:
    """Return what a run says that it has spent."""
    name, number = _name(provider), read_number(amount)
    if name is None:
        return WrongCost(f"a cost needs the name of a provider, not {_show(provider)}")
    if number is None:
        return WrongCost(f"the amount of a cost is a number from 0 to {MOST:,}, not {_show(amount)}")
    return Spent(name, number)


def used(provider: object, unit: object, quantity: object) -> Used | WrongCost:
    """Return what a run says that it has used."""
    name, what, number = _name(provider), _name(unit), read_number(quantity, MOST_QUANTITY)
    if name is None or what is None:
        missing, given = ("provider", provider) if name is None else ("unit", unit)
        return WrongCost(f"usage needs the name of a {missing}, not {_show(given)}")
    if number is None:
        return WrongCost(f"the quantity of usage is a number from 0 to 10^12, not {_show(quantity)}")
    return Used(name, what, number)


def read_cost(data: Mapping[str, object]) -> Cost | None:
    """Return what a line says of its run's cost; None if it says nothing of it.

    Parameters:
        data: the object on the line, which has `cost` or `usage`
    """
    found = data.get("cost")
    if isinstance(found, dict):
        return spent(found.get("provider"), found.get("amount"))
    usage = data.get("usage")
    if isinstance(usage, dict):
        return used(usage.get("provider"), usage.get("unit"), usage.get("quantity"))
    given = _show(found if "cost" in data else usage)
    return WrongCost(f'write {{"cost": {{"provider": "elevenlabs", "amount": 0.012}}}}, not {given}')


def cost_fields(cost: Cost) -> dict[str, object]:
    """Return the object that `read_cost` reads."""
    match cost:
        case Spent():
            return {"cost": {"provider": cost.provider, "amount": str(cost.amount)}}
        case Used():
            values = {"provider": cost.provider, "unit": cost.unit, "quantity": str(cost.quantity)}
            return {"usage": values}
        case WrongCost():
            return vars(cost)


def _name(value: object) -> str | None:
    return label(value) if isinstance(value, str) else None


def _show(value: object) -> str:
    try:
        return truncate(repr(value), _SHOWN)
    except Exception:  # noqa: BLE001 - a number may be too long to print, and a foreign class may refuse to
        return f"this {type(value).__name__}"
