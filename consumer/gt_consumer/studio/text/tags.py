"""Leaves out "he said" where voice and picture say so, to have more words for the story."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from gt_consumer.studio.text.dialogue import Reading, Spoken

_TAG: Final = re.compile(
    r"^,?\s*(?:(?:I|he|she|they) (?:just |then |only )?(?:said|asked|says|asks|replied|answered|told "
    r"(?:me|him|her|them))|"
    r"(?:said|asked) (?:he|she|I))(?: (?:me|him|her))?[.,]?$",
    re.IGNORECASE,
)


def without_tags(reading: Reading) -> Reading:
    """Return a sentence without a bare "he said"; the two halves of a quote around it become one."""
    if not any(part.quote for part in reading.parts):
        return reading
    parts: list[Spoken] = []
    for part in reading.parts:
        if not part.quote and _TAG.match(part.text):
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
