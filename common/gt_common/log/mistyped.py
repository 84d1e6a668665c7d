"""Finds variables of the environment that are almost settings: a mistyped one would count for nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from gt_common.texts import nearest

_ALIKE: Final = 0.88
"""How much a name is like a setting that it was probably meant to be (0 to 1)."""


def mistyped(names: Iterable[str], known: Collection[str]) -> dict[str, str]:
    """Return the names that are almost known ones, each with the one that was probably meant.

    Parameters:
        names: of variables that are set; those that are known are passed over
    """
    found = {name: nearest(name, known, _ALIKE) for name in names if name not in known}
    return {name: meant for name, meant in found.items() if meant is not None}
