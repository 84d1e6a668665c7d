"""Restores the capital letters of a story: one in capitals throughout, or one without any."""

from __future__ import annotations

import re
from typing import Final

from gt_consumer.studio.text.names import is_common_word, is_first_name
from gt_consumer.studio.text.people import CAPITALS_ONLY, role_of

_SHOUTED: Final = 0.7
_FEW_CAPITALS: Final = 0.004
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_KEPT: Final = frozenset("AITA AITAH WIBTA TIFU NTA YTA ESH TV HR CEO DNA UK USA ICU RN PTA HOA".split())
_CALENDAR: Final = frozenset(
    """
    monday tuesday wednesday thursday friday saturday sunday january february april june july august
    september october november december christmas easter thanksgiving english spanish french german""".split()
)
_START: Final = re.compile(r"(^|[.!?…][\"')]*\s+[\"'(]*|\n\s*[\"'(]*|\"|:\s+\")([a-zà-ž])")

_MONTH: Final = re.compile(r"\b((?:in|since|until|of|last|next|this) )(may|march)\b")
# Names that are ordinary words, too: "a driver named earl", "grandma pearl"
_CALLED: Final = re.compile(
    r"\b(?:named|called|name is|name was|aunt|auntie|uncle|grandma|grandpa|granny|nana|gran) ([a-z]{3,})\b"
)
# "my brothers birthday" in a story without apostrophes
_OWNS: Final = re.compile(
    r"\b((?:my|his|her|our|the) )([a-z]{3,})s (?!(?:are|were|have|had|and|or|both|all|who|that|do|did|don|"
    r"said|told|came|went|got|just|never|always|at|in|on|of|for|from|with|to|but|so|because)\b|[a-z]+ed\b)"
)
_TAG: Final = re.compile(r"(?<=[?!]\" )(?:He|She|They) (?:said|asked|yelled|screamed|shouted|cried|told)\b")


def restore_case(text: str) -> str:
    """Return a text in ordinary spelling if it is all in capitals, or has hardly any; else unchanged."""
    letters = [c for c in text if c.isalpha() and c.isascii()]
    if len(letters) < 20:
        return text
    share = sum(c.isupper() for c in letters) / len(letters)
    if share > _SHOUTED:
        return _with_capitals(_WORD.sub(lambda m: _quiet(m.group()), text))
    if share < _FEW_CAPITALS or (not re.search(r"\bI\b", text) and re.search(r"\bi\b", text)):
        return _with_capitals(text)
    return text


def _quiet(word: str) -> str:
    return word if word in _KEPT or word.lower() in CAPITALS_ONLY - {"so"} else word.lower()


def _with_capitals(text: str) -> str:
    """Return a text in lower case with capitals at sentences, names, days and "I"."""
    text = _WORD.sub(lambda m: _named(m.group()), text)
    for name in sorted({m.group(1) for m in _CALLED.finditer(text) if is_first_name(m.group(1))}):
        capital = name.capitalize()
        text = re.sub(rf"(?<!\bin )(?<!\bthe )(?<!\ba )\b{name}(?=s?\b(?!['’]))", capital, text)
        text = re.sub(rf"\b{capital}s\b", f"{capital}'s", text)
    if not re.search(r"\w['’]\w", text):
        text = _OWNS.sub(_with_apostrophe, text)
    text = _START.sub(lambda m: m.group(1) + m.group(2).upper(), text)
    text = _TAG.sub(lambda m: m.group().lower(), text)
    text = re.sub(r"\b(\d{1,2}) ?([fm])\b(?=[)\],])", lambda m: m.group(1) + m.group(2).upper(), text)
    text = _MONTH.sub(lambda m: m.group(1) + m.group(2).capitalize(), text)
    return re.sub(
        r"\b(mr|mrs|ms|dr)\. (\w)", lambda m: f"{m.group(1).capitalize()}. {m.group(2).upper()}", text
    )


def _with_apostrophe(match: re.Match[str]) -> str:
    owner = match.group(2)
    return f"{match.group(1)}{owner}'s " if role_of(owner) else match.group()


def _named(word: str) -> str:
    base = re.split(r"['’]", word)[0]
    if word.lower() == "i" or re.match(r"i['’](?:m|ve|d|ll)$", word, re.IGNORECASE):
        return "I" + word[1:].lower()
    if (
        word.islower()
        and len(base) > 2
        and (base in _CALENDAR or (is_first_name(base) and not is_common_word(base)))
    ):
        return word[0].upper() + word[1:]
    return word
