"""The fingerprint by which failures are grouped: what stays the same when the same thing fails again."""

from __future__ import annotations

import hashlib
import re
from typing import Final

_MOST = 1000
_NORMALISERS: Final = (
    (re.compile(r"\b[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE), "<url>"),
    (re.compile(r"(?<!\w)(?:/[\w.@~+-]+){2,}/?"), "<path>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE), "<id>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b", re.IGNORECASE), "<id>"),
    (re.compile(r"'[^']{1,200}'|\"[^\"]{1,200}\""), "<text>"),
    (re.compile(r"\d+(?:[.,:]\d+)*"), "<n>"),
    (re.compile(r"\s+"), " "),
)


def normalise_message(message: str) -> str:
    """Reduce a message to its constant part: without numbers, ids, paths, addresses and quoted text."""
    start = message[:_MOST].strip()
    first = start.splitlines()[0] if start else ""
    for pattern, replacement in _NORMALISERS:
        first = pattern.sub(replacement, first)
    return first.strip().lower()[:200]


def fingerprint(stage: str | None, error_type: str, message: str) -> str:
    """Return 12 hex digits that are the same for failures with the same cause."""
    cause = "\n".join((stage or "", error_type, normalise_message(message)))
    return hashlib.sha256(cause.encode()).hexdigest()[:12]
