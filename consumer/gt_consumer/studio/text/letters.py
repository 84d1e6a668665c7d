"""Writes words in Latin letters, for fonts and a voice that have no others."""

from __future__ import annotations

import re
from typing import Final

LAST_LATIN: Final = 0x24F
"""The last letter of the Latin alphabets."""


def in_latin(word: str) -> str:
    """Return a word as it sounds in Latin letters: "Xiaoyu" for 小雨; empty if it has none."""
    from anyascii import anyascii

    latin = re.sub(r"(?<=[a-z])(?=[A-Z])", "", anyascii(word)).strip()
    return latin[:1].upper() + latin[1:].lower() if any(c.isalpha() for c in latin) else latin
