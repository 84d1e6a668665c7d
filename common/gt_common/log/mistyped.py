"""Finds variables of the environment that are almost settings: a mistyped one would count for nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Final

_ALIKE: Final = 0.88
"""How much a name is like a setting that it was probably meant to be (0 to 1)."""


def mistyped(names: Iterable[str], known: Collection[str]) -> dict[str, str]:
    """Return the names that are almost known ones, each with the one that was probably meant.

    Parameters:
        names: of variables that are set; those that are known are passed over
    """
    meant: dict[str, str] = {}
    for name in names:
        if name not in known:
            swapped = [one for one in known if sorted(one) == sorted(name)]
            meant.update((name, like) for like in swapped or get_close_matches(name, known, 1, _ALIKE))
    return meant
