"""Bounds for the values that come from an orchestrator."""

from __future__ import annotations

import math

MAX_LABEL = 200


def label(value: object) -> str | None:
    """Return a value as a short text that any message can carry; None if nothing is left of it."""
    if value is None:
        return None
    return encodable(str(value)).strip()[:MAX_LABEL] or None


def encodable(text: str) -> str:
    """Replace lone surrogates, which JSON can carry but UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode("utf-8")


def number(value: object) -> float | None:
    """Return a finite number that is not negative, else None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        result = float(value)
    except OverflowError:
        return None
    return result if math.isfinite(result) and 0 <= result <= 1e9 else None


def project_name(value: object) -> str | None:
    """Return the name of a project as it can be passed on; None if it is none.

    It becomes an argument of programs, so it must not look like an option.
    """
    name = label(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None
    return name if name and name.isprintable() and not name.startswith("-") else None
