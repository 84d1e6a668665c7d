"""Ages and sexes that a story states: `(31F)`, "who is about seventy", "a little boy"."""

from __future__ import annotations

import re
from typing import Final

from gt_consumer.studio.script.model import Age
from gt_consumer.studio.text.people import Sex

_SEX: Final[dict[str, Sex]] = {"f": "female", "m": "male"}
_TAG: Final = re.compile(
    r"(?<![\w$])(?:(\d{1,3})\s?[/,-]?\s?(f|m|nb|female|male)|(f|m|nb|female|"
    r"male)\s?[/,-]?\s?(\d{1,3}))(?!\w)",
    re.IGNORECASE,
)
_ONLY_YEARS: Final = re.compile(r"^\s*(\d{1,3})\s*$")
_UNITS: Final = dict(
    zip(
        """one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
        seventeen eighteen nineteen""".split(),
        range(1, 20),
        strict=True,
    )
)
_TENS: Final = dict(
    zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True)
)
_NUMBER: Final = (
    r"(?:\d{1,3}|(?:" + "|".join(_TENS) + r")(?:[- ](?:" + "|".join(_UNITS) + r"))?|" + "|".join(_UNITS) + ")"
)
_IS_OLD: Final = re.compile(
    rf"^[,\s]*(?:who\s*)?(?:is|was|'s|turned|turns|turning|had turned|(?:'s got|has|had) to be|must be|"
    rf"must have been)\s+(?:just\s+|only\s+|now\s+|about\s+|almost\s+|nearly\s+|over\s+|maybe\s+|"
    rf"probably\s+|around\s+)*({_NUMBER})(?:\s+(?:years?|yrs?)\s+old)?(?=\s*(?:$|[.,;!?]|and\b|but\b|last\b|"
    rf"this\b|in\b|now\b))",
    re.IGNORECASE,
)
_YEAR_OLD: Final = re.compile(rf"\b({_NUMBER})[- ]?(?:years?[- ]old|yo|y/o)\b", re.IGNORECASE)
_GROUPS: Final[tuple[tuple[Age, re.Pattern[str]], ...]] = (
    ("old", re.compile(r"\b(?:old|elderly|ancient|aging|grey-haired|white-haired|retired)\b")),
    ("child", re.compile(r"\b(?:little|tiny|small|baby|toddler)\b")),
    ("teen", re.compile(r"\b(?:teenage|teenaged|adolescent)\b")),
    ("young", re.compile(r"\byoung\b")),
)


def tag_of(inside: str) -> tuple[int | None, Sex | None]:
    """Return age and sex by what stands in brackets, such as "31F", "now DH, 30M" or "55"."""
    match = _TAG.search(inside)
    if match:
        years = int(match.group(1) or match.group(4))
        letter = (match.group(2) or match.group(3)).lower()
        return (years if years <= 110 else None), _SEX.get(letter[0] if letter != "nb" else letter, "unknown")
    only = _ONLY_YEARS.match(inside)
    return (int(only.group(1)) if only and int(only.group(1)) <= 110 else None), None


def number(text: str) -> int:
    """Return the number that digits or English words below a hundred say."""
    lower = text.lower().replace("-", " ")
    return int(lower) if lower.isdigit() else sum(_TENS.get(w, _UNITS.get(w, 0)) for w in lower.split())


def years_after(text: str) -> int | None:
    """Return the age that the words after a person state: "who is about seventy", "turned nineteen"."""
    match = _IS_OLD.match(text)
    return number(match.group(1)) if match else None


def years_in(modifiers: str) -> int | None:
    """Return the age within the words before a person: "five-year-old"."""
    match = _YEAR_OLD.search(modifiers)
    return number(match.group(1)) if match else None


def group_of(modifiers: str, *, of_child_word: bool) -> Age | None:
    """Return the group of ages by adjectives; "little" makes a child of words such as boy only."""
    for group, pattern in _GROUPS:
        if pattern.search(modifiers) and (group != "child" or of_child_word):
            return group
    return None
