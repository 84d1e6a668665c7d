"""Whose voice it was that somebody hears before seeing who it is: "A voice said, … It was my brother."."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from gt_consumer.studio.text.dialogue import Reading, Spoken

_VOICE: Final = re.compile(r"\b(?:a|the)(?: \w+){0,2} voice\b", re.IGNORECASE)
_IT_WAS: Final = re.compile(r"^(?:it|that|there) (?:was|stood)\b", re.IGNORECASE)


def with_voices(readings: Sequence[Reading]) -> list[Reading]:
    """Return the sentences with what "a voice" says given to the person whom the next one names."""
    done = list(readings)
    for number, reading in enumerate(done[:-1]):
        told = [part for part in reading.parts if not part.quote]
        if not any(_VOICE.search(part.text) for part in told):
            continue
        after = next((r for r in done[number + 1 :] if not any(part.quote for part in r.parts)), None)
        if after is None or not after.people or not _IT_WAS.match(after.text):
            continue
        who = after.people[0]
        parts = tuple(
            Spoken(part.text[1:-1], who, quote=True) if _is_quoted(part) else part for part in reading.parts
        )
        done[number] = replace(reading, parts=parts)
    return done


def _is_quoted(part: Spoken) -> bool:
    return not part.quote and part.text.startswith('"') and part.text.endswith('"')
