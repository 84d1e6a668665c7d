"""Leaves out "he said" where voice and picture say so, to have more words for the story."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import replace
from typing import Final

from gt_consumer.studio.text.dialogue import Reading, Spoken

_NEAR: Final = 3  # sentences
_TAG: Final = re.compile(
    r"^,?\s*(?:(?:I|he|she|they) (?:just |then |only )?(?:said|asked|says|asks|replied|answered|told "
    r"(?:me|him|her|them))|"
    r"(?:said|asked) (?:he|she|I))(?: (?:me|him|her))?[.,]?$",
    re.IGNORECASE,
)


_NAMED_TAG: Final = re.compile(
    r"^,?\s*(?:said (?:[A-Z][\w'’.]+ ?){1,2}|(?:[A-Z][\w'’.]+ ){1,2}(?:said|asked|replied|answered))[.,]?$"
)


def all_without_tags(readings: Sequence[Reading]) -> list[Reading]:
    """Return sentences without "he said", and without "said Tom" where Tom has just been named."""
    before = [readings[max(0, n - _NEAR) : n] for n in range(len(readings))]
    known = [{who for near in some for who in near.people} for some in before]
    return [without_tags(reading, just) for reading, just in zip(readings, known, strict=True)]


def without_tags(reading: Reading, known: Set[int] = frozenset()) -> Reading:
    """Return a sentence without a bare "he said"; the two halves of a quote around it become one.

    Parameters:
        known: people who need not be named again
    """
    speakers = {part.speaker for part in reading.parts if part.quote}
    if not any(part.quote for part in reading.parts):
        return reading
    parts: list[Spoken] = []
    for part in reading.parts:
        if not part.quote and (_TAG.match(part.text) or (speakers <= known and _NAMED_TAG.match(part.text))):
            continue
        last = parts[-1] if parts else None
        if last is not None and last.quote and part.quote and last.speaker == part.speaker:
            parts[-1] = replace(last, text=f"{last.text} {part.text}")
        else:
            parts.append(part)
    return replace(reading, parts=tuple(_ended(part) for part in parts))


def _ended(part: Spoken) -> Spoken:
    """Return speech with a full stop in place of the comma before "he said"."""
    return replace(part, text=part.text.rstrip(",") + ".") if part.quote and part.text.endswith(",") else part
