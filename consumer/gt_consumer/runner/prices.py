"""Prices of what runs use, from the file that GT_PRICES names."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final

from gt_common.errors import UsageError
from gt_common.log import get_logger
from gt_common.money import MOST, multiply, read_number
from gt_consumer.processes.costs import Used

MOST_BYTES: Final = 1_000_000
MOST_UNKNOWN: Final = 1000
"""Units without a price that are remembered, each of which is warned of once."""

_log = get_logger("runner")

Unit = tuple[str, str]
"""Provider and unit, such as `elevenlabs` and `character`."""


class Prices:
    """Prices per unit, in the currency of GT_CURRENCY."""

    def __init__(self, of_units: Mapping[Unit, Decimal] | None = None) -> None:
        self._of_units = dict(of_units or {})
        self._unknown: set[Unit] = set()

    def __len__(self) -> int:
        return len(self._of_units)

    def cost_of(self, used: Used) -> Decimal | None:
        """Return what a usage costs; None, with a warning once per unit, if it has no price."""
        unit = (used.provider, used.unit)
        price = self._of_units.get(unit)
        if price is not None:
            return multiply(price, used.quantity)
        if unit not in self._unknown and len(self._unknown) < MOST_UNKNOWN:
            self._unknown.add(unit)
            hint = "add it to the file of GT_PRICES" if self._of_units else "set GT_PRICES"
            _log.warning("price_missed", provider=used.provider, unit=used.unit, hint=hint)
        return None


def read_prices(path: Path | None) -> Prices:
    """Read a file of prices, such as `elevenlabs.character = 0.00001`; no path means no prices.

    Raises:
        UsageError: it cannot be read, or a price in it is not a number from 0 on
    """
    if path is None:
        return Prices()
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"GT_PRICES: {path} cannot be read: {error.strerror}") from None
    if len(content) > MOST_BYTES:
        raise UsageError(f"GT_PRICES: {path} is larger than {MOST_BYTES:,} bytes")
    try:
        tables = tomllib.loads(content.decode(), parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"GT_PRICES: {path} is not a TOML file: {error}") from None
    return Prices(dict(_prices(path, tables)))


def _prices(path: Path, tables: Mapping[str, object]) -> Iterator[tuple[Unit, Decimal]]:
    for provider, units in tables.items():
        if not isinstance(units, dict):
            raise UsageError(
                f"GT_PRICES: {path}: {provider}: write PROVIDER.UNIT = PRICE, "
                "such as elevenlabs.character = 0.00001"
            )
        for unit, value in units.items():
            price = None if isinstance(value, str) else read_number(value)
            if price is None:
                raise UsageError(
                    f"GT_PRICES: {path}: {provider}.{unit}: a price is a number from 0 to {MOST:,}, "
                    f"not {value!r:.100}"
                )
            yield (provider, unit), price
