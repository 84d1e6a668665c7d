"""Decides what the voice reads for each word of a caption, so that both have the same times.

hibari's reader handles plain numbers, years, times and money; what it gets wrong is corrected here ("no." is
read as "number", "(28F)" as "twenty-eight eff").
"""

from __future__ import annotations

import re
from typing import Final

from gt_consumer.studio.text.letters import LAST_LATIN, in_latin
from gt_consumer.studio.text.lexicon import ANY_CASE, CAPITALS, MASKED, OWNERS, PLANS, RELATIVES, SIGNS, UNITS

_TITLES = {"mr", "mrs", "dr", "vs"}  # their full stop does not end a sentence
_SEX = {"f": "female", "m": "male", "nb": "non-binary"}
_SPELT = {
    "HR",
    "TV",
    "CEO",
    "DNA",
    "PTO",
    "HOA",
    "ID",
    "IT",
    "PC",
    "DJ",
    "PTA",
    "ER",
    "IRS",
    "ATM",
    "GPS",
    "DM",
    "UK",
}

_AGE = re.compile(r"^(?:(\d{1,2})[\s/]?(f|m|nb)|(f|m|nb)[\s/]?(\d{1,2}))$", re.IGNORECASE)
_HEIGHT = re.compile(r"^(\d)'(\d{1,2})\"?$")
_THOUSANDS = re.compile(r"^(\$?)(\d+(?:\.\d+)?)k$", re.IGNORECASE)
_YEARS_OLD = re.compile(r"^(\d{1,3})\s?-?y/?o$", re.IGNORECASE)
_MONEY = re.compile(r"^\$(\d[\d,]*(?:\.\d+)?)$")
_TIMES = re.compile(r"^(\d+)x$", re.IGNORECASE)
_LONG = re.compile(r"([A-Za-z])\1{2,}")
_CORE = re.compile(r"^([\"'(\[*]*)(.*?)([\"')\]*.,!?;:…]*)$", re.DOTALL)


_MASKS: Final = tuple((re.compile(rf"^(?:{pattern})$", re.IGNORECASE), said) for pattern, said in MASKED)
_RATIO: Final = re.compile(r"^(\d{1,2})/(5|10|100)$")
_ABOUT: Final = re.compile(r"^~(\$?\d.*)$")
_PLUS: Final = re.compile(r"^\+(\$?\d.*)$")
_WITH_UNIT: Final = re.compile(r"^(\d[\d.,]*)([a-z°]{1,4}(?:/h)?)$", re.IGNORECASE)
_NUMBER: Final = re.compile(r"^\$?~?\d[\d,]*(?:\.\d+)?$")
_SCREENS: Final = frozenset("tv tvs monitor video screen display resolution camera footage".split())
_CONTACT: Final = frozenset(
    "go going went gone am are is was been being be stay staying full go fully low remain".split()
)
_PARTNER_OF: Final = frozenset("my his her our their your an a ex former current new".split())


def spoken(words: list[str]) -> list[str]:
    """Return what the voice reads for each displayed word; empty where it reads nothing."""
    shouting = _shouted(words)
    said: list[str] = []
    for i, word in enumerate(words):
        before, after = (words[i - 1] if i else ""), (words[i + 1] if i + 1 < len(words) else "")
        said.append(_in_context(word, before, after, shouting[i]) or _say(word, shouting[i]))
    for i, word in enumerate(words[:-1]):
        money = _MONEY.match(_core(word)[1])
        if money and re.match(r"(?:hundred|thousand|million|billion)\b", words[i + 1], re.IGNORECASE):
            said[i] = money.group(1)
            unit = _core(words[i + 1])
            said[i + 1] = f"{unit[1]} dollars{_pause(unit[2])}"
    return said


def _in_context(word: str, before: str, after: str, shouting: bool) -> str | None:
    """Return how a word is read that depends on its neighbours; None for the others."""
    _, core, tail = _core(word)
    base, possessive = (core[:-2], "'s") if core[-2:] in {"'s", "'S"} else (core, "")
    previous = re.sub(r"\W", "", before).lower()
    following = re.sub(r"\W", "", after).lower()
    if base == "SO":
        is_partner = not shouting and (previous in _PARTNER_OF or bool(possessive)) and bool(before)
        return (f"significant other{possessive}" if is_partner else "so") + _pause(tail)
    if base in RELATIVES and not shouting:
        mine = (
            ""
            if previous in OWNERS or re.search(r"['’]s$", before) or (before[-1:] in "([" and before)
            else "my "
        )
        return f"{mine}{RELATIVES[base]}{possessive}" + _pause(tail)
    if core in {"NC", "LC", "VLC"}:
        if previous in {"in", "from", "to"} and core == "NC":
            return "North Carolina" + _pause(tail)
        return {"NC": "no contact", "LC": "low contact", "VLC": "very low contact"}[core] + _pause(tail)
    if core.lower() in UNITS and _NUMBER.match(_core(before)[1] or "x"):
        return UNITS[core.lower()][_core(before)[1] != "1"] + _pause(tail)
    if re.fullmatch(r"\d{1,4}[kK]", core) and core[-1] == "K" and following in _SCREENS:
        return f"{core[:-1]} kay" + _pause(tail)
    if core.startswith("~") and previous in {"about", "around", "roughly", "approximately", "almost"}:
        return _say(word.replace("~", "", 1), shouting)
    if core in {"F", "M", "f", "m"} and re.fullmatch(r"[(\[]?\d{1,2}", before) and set(tail) & set(")]"):
        return _SEX[core.lower()] + ","
    return None


def _core(word: str) -> tuple[str, str, str]:
    match = _CORE.match(word)
    assert match  # noqa: S101 - always holds
    return match.group(1), match.group(2), match.group(3)


def _pause(tail: str) -> str:
    return "".join(c for c in tail if c in ".,!?;:…")[:1]


def _shouted(words: list[str]) -> list[bool]:
    """Return for each word whether it is in capitals for loudness: it is next to another such word."""
    caps = [len(c := re.sub(r"\W", "", w)) > 1 and c.isalpha() and c.isupper() for w in words]
    near = [
        any(caps[j] and words[j].strip('.,!?"') not in _SPELT for j in (i - 1, i + 1) if 0 <= j < len(words))
        for i in range(len(words))
    ]
    return [caps[i] and near[i] for i in range(len(words))]


def _say(word: str, shouting: bool) -> str:
    _, core, tail = _core(word)
    if (masked := _masked(word)) is not None:
        return masked
    if word in SIGNS:
        return SIGNS[word]
    if _HEIGHT.match(core + tail[:1]) or _HEIGHT.match(core):
        feet, inches = re.findall(r"\d+", core)
        return f"{feet} foot {inches}" + _pause(tail)
    if not any(c.isalnum() for c in core) and core not in ANY_CASE:
        return ""
    if core.lower() in _TITLES:
        return ANY_CASE[core.lower()]
    return _read(core, shouting, word.startswith("(")) + (
        "," if set(")]") & set(tail) and not _pause(tail) else _pause(tail)
    )


def _masked(word: str) -> str | None:
    """Return how a word with hidden letters is read; None for other words."""
    if "*" not in word:
        return None
    bare = re.sub(r"^[\"'(\[]+|[\"')\].,!?;:…]+$", "", word)
    for pattern, said in _MASKS:
        if pattern.match(bare):
            return said + _pause(re.sub(r"^.*[\w*]", "", word))
    return None


def _read(core: str, shouting: bool, bracketed: bool) -> str:
    if age := _AGE.match(core):
        years, sex = age.group(1) or age.group(4), (age.group(2) or age.group(3)).lower()
        if bracketed or len(years) == 2:
            return f"{years} {_SEX[sex]}"
    if not shouting and core in CAPITALS:
        return CAPITALS[core]
    lower = core.lower()
    if core == "rn":
        return "right now"
    if lower in PLANS:
        return PLANS[lower]
    if lower in ANY_CASE:
        return ANY_CASE[lower]
    if lower.endswith("'s") and lower[:-2] in ANY_CASE:
        return ANY_CASE[lower[:-2]] + "'s"
    if lower == "no":
        return "[no](/nˈO/)"
    return _read_number(core) or _read_plain(core, shouting)


def _read_number(core: str) -> str | None:
    if k := _THOUSANDS.match(core):
        return f"{k.group(2)} thousand" + (" dollars" if k.group(1) else "")
    if years := _YEARS_OLD.match(core):
        return f"{years.group(1)} year old"
    if ratio := _RATIO.match(core):
        return f"{ratio.group(1)} out of {ratio.group(2)}"
    if about := _ABOUT.match(core):
        return f"about {_read_number(about.group(1)) or about.group(1)}"
    if plus := _PLUS.match(core):
        return f"plus {_read_number(plus.group(1)) or plus.group(1)}"
    if (unit := _WITH_UNIT.match(core)) and unit.group(2).lower() in UNITS and unit.group(2) != "M":
        return f"{unit.group(1)} {UNITS[unit.group(2).lower()][unit.group(1) != '1']}"
    if core.startswith("#") and core[1:].isdigit():
        return f"number {core[1:]}"
    if times := _TIMES.match(core):
        return f"{times.group(1)} times"
    return None


def _read_plain(core: str, shouting: bool) -> str:
    if any(c.isalpha() and ord(c) > LAST_LATIN for c in core):
        core = in_latin(core)
    core = core.replace("/", " ").replace("[", "").replace("]", "")
    core = _LONG.sub(r"\1", core)
    letters = re.sub(r"\W", "", core)
    if letters.isupper() and letters not in _SPELT and len(letters) > 1 and (shouting or len(letters) > 3):
        return core.lower()
    return core
