"""Whose mood a sentence tells, and how the other one takes it."""

from __future__ import annotations

import re
from typing import Final

from gt_consumer.studio.text.mood import compound, cue_of

_SUBJECT: Final = re.compile(
    r"\b(?:(?P<me>I|we)(?:['’](?:m|d|ve|ll|re))?|(?:[Hh]e|[Ss]he|[Tt]hey|[Ii]t|[Ee]veryone|[Ee]verybody|"
    r"[Nn]obody|who)|(?:[Mm]y|[Tt]he|[Hh]is|[Hh]er|[Oo]ur) [a-z-]+|(?!I\b)[A-Z][a-z]+)\b"
)
_REACTIONS: Final = {
    "happy": "happy",
    "sad": "worried",
    "angry": "worried",
    "shout": "shock",
    "shock": "worried",
    "smug": "serious",
    "worried": "serious",
    "serious": "serious",
    "neutral": "neutral",
}
_GLAD = 0.4  # sentiment from which a joy of the other one is shared


def feeler_of(text: str) -> str | None:
    """Return whose mood a sentence tells: "me", "other", or None where no cue word says it.

    It is the subject before the cue: in "He smiled and I froze" the other one smiles.
    """
    cue = cue_of(text)
    if cue is None:
        return None
    subjects = list(_SUBJECT.finditer(text, 0, cue[1]))
    return None if not subjects else "me" if subjects[-1].group("me") else "other"


def reaction_to(mood: str, text: str = "") -> str:
    """Return the mood of one who sees another in a mood; nobody smiles along at bad news.

    Parameters:
        text: what is told meanwhile
    """
    reaction = _REACTIONS[mood]
    if reaction == "happy" and compound(text) < _GLAD:
        return "serious"
    return reaction
