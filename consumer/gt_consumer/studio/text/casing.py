"""Restores the capital letters of a story: one in capitals throughout, or one without any."""

from __future__ import annotations

import re
from typing import Final

from gt_consumer.studio.text.names import is_common_word, is_first_name
from gt_consumer.studio.text.people import CAPITALS_ONLY

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
    text = _START.sub(lambda m: m.group(1) + m.group(2).upper(), text)
    text = _TAG.sub(lambda m: m.group().lower(), text)
    text = re.sub(r"\b(\d{1,2}) ?([fm])\b(?=[)\],])", lambda m: m.group(1) + m.group(2).upper(), text)
    text = _MONTH.sub(lambda m: m.group(1) + m.group(2).capitalize(), text)
    return re.sub(
        r"\b(mr|mrs|ms|dr)\. (\w)", lambda m: f"{m.group(1).capitalize()}. {m.group(2).upper()}", text
    )


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
