"""How each line of narration is shown, by its words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gt_consumer.studio.script.words import INSERT, NARRATOR
from gt_consumer.studio.text.things import thing_in

_MINE = re.compile(r"\b(?:I|me|my|we|us|our)\b")
_EARLY = 40  # characters; what comes later is not what a line's first picture is about
_BETWEEN_INSERTS = 2  # lines


@dataclass
class Staging:
    """Chooses the shot of one line of narration after the other; neighbours get different ones."""

    _number: int = -1
    _thing: str = ""
    _shown_at: int = -10

    def shot_of(self, text: str, people: Sequence[str]) -> str:
        """Return the shot of a line.

        Parameters:
            people: ids of those whom it mentions, without the narrator
        """
        self._number += 1
        return self._insert(text, people) or self._people(text, people)

    def _insert(self, text: str, people: Sequence[str]) -> str | None:
        """Return a picture of a thing, unless it, or another one, has just been seen."""
        found = thing_in(text)
        if not found or found[1] >= _EARLY or self._number - self._shown_at < _BETWEEN_INSERTS:
            return None
        thing = found[0]
        if thing == self._thing and self._number - self._shown_at < 3 * _BETWEEN_INSERTS:
            return None
        self._thing, self._shown_at = thing, self._number
        if thing != "hands":
            return f"{INSERT}:{thing}"
        return f"hands:{people[0] if people else NARRATOR}"

    def _people(self, text: str, people: Sequence[str]) -> str:
        number = self._number
        framing = ("single", "close", "wide")[number % 3]
        if not people:
            return f"{framing}:{NARRATOR}"
        if not _MINE.search(text):
            return f"{framing}:{people[0]}"
        if number % 2 == 0:
            return f"{('two', 'over')[number // 2 % 2]}:{people[0]}+{NARRATOR}"
        return f"{framing}:{NARRATOR if number % 3 == 0 else people[0]}"
