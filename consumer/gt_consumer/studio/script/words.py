"""The words of a script: acts, moods, places and shots. `docs/studio.md` explains each."""

from __future__ import annotations

from typing import Final

ACTS: Final = ("hook", "build", "crisis", "climax", "resolution")
MOODS: Final = ("neutral", "happy", "worried", "sad", "angry", "shout", "shock", "smug", "serious")
PLACES: Final = (
    "room",
    "kitchen",
    "bedroom",
    "office",
    "meeting",
    "restaurant",
    "street",
    "car",
    "park",
    "hospital",
    "court",
    "school",
    "shop",
    "church",
    "gym",
)
FRAMINGS: Final = {"single": 1, "close": 1, "wide": 1, "hands": 1, "two": 2, "over": 2}
"""Framings with the number of people that each names, as `close:ID` and `two:ID+ID`."""
INSERT: Final = "insert"
INSERTS: Final = ("phone", "letter", "ring", "money", "key", "clock", "laptop")
"""Things that fill the picture, as `insert:phone`."""
AUTO: Final = "auto"
"""Leaves a shot or a voice to the studio."""
AGES: Final = ("child", "teen", "young", "adult", "old")
SEXES: Final = ("female", "male", "unknown")
KINDS: Final = ("narration", "speech")
NARRATOR: Final = "narrator"
"""Role of the member of the cast who tells the story."""
