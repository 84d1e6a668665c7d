"""Prepares Reddit text for captions and for the voice.

`strip_markup` works on the whole text; `spoken` returns what the voice reads for each word of a caption, so
that the times of the spoken words are those of the caption's words. hibari's reader handles plain numbers,
years and money; what it gets wrong is corrected here ("no." is read as "number", "(28F)" as "twenty-eight
eff").
"""

from __future__ import annotations

import html
import re
import unicodedata

SAY_A = "[A](/ˈA/)"
_HOLE = f"{SAY_A} hole"
# Expanded only in capitals: in lower case most of them are ordinary words ("so", "nah", "op").
CAPITALS = {
    "SO": "significant other",
    "OP": "original poster",
    "OOP": "the original poster",
    "NAH": f"no {_HOLE}s here",
    "DH": "husband",
    "DW": "wife",
    "DD": "daughter",
    "DS": "son",
    "MIL": "mother in law",
    "FIL": "father in law",
    "SIL": "sister in law",
    "BIL": "brother in law",
    "DIL": "daughter in law",
    "GF": "girlfriend",
    "BF": "boyfriend",
    "MOH": "maid of honor",
    "NC": "no contact",
    "LC": "low contact",
    "US": "[U.S.](/jˌuˈɛs/)",
}
ANY_CASE = {
    "aita": f"am I the {_HOLE}",
    "wibta": f"would I be the {_HOLE}",
    "nta": f"not the {_HOLE}",
    "yta": f"you're the {_HOLE}",
    "esh": "everyone sucks here",
    "aitah": f"am I the {_HOLE}",
    "tl;dr": "too long, didn't read",
    "tldr": "too long, didn't read",
    "tifu": "today I messed up",
    "wtf": "what the heck",
    "omg": "oh my god",
    "idk": "I don't know",
    "imo": "in my opinion",
    "imho": "in my humble opinion",
    "tbh": "to be honest",
    "btw": "by the way",
    "fyi": "for your information",
    "asap": "as soon as possible",
    "ngl": "not gonna lie",
    "smh": "shaking my head",
    "lol": "ha ha",
    "lmao": "ha ha",
    "irl": "in real life",
    "bff": "best friend",
    "stbxh": "soon to be ex husband",
    "stbxw": "soon to be ex wife",
    "b/c": "because",
    "bc": "because",
    "w/": "with",
    "w/o": "without",
    "ppl": "people",
    "rn": "right now",
    "mr": "mister",
    "mrs": "missus",
    "dr": "doctor",
    "vs": "versus",
    "etc": "et cetera",
    "approx": "approximately",
    "24/7": "twenty-four seven",
    "50/50": "fifty fifty",
    "hrs": "hours",
    "mins": "minutes",
    "yrs": "years",
    "&": "and",
    "yo": "year old",
    "y/o": "year old",
    "af": "as heck",
    "mil's": "mother in law's",
}
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

# No language has longer words or runs, on which pysbd, VADER and the patterns below take quadratic time.
_LONGEST_WORD = 60
_LONG_WORD = re.compile(rf"(\S{{{_LONGEST_WORD}}})\S+")
_LONG_RUN = re.compile(r"([^\w\s])\1{9,}")
_SPACES = re.compile(r"[^\S\n]+")

_LINK = re.compile(r"!?\[([^\]]*)\]\((?:[^()\s]|\([^)]*\))*(?:\s+\"[^\"]*\")?\)")
_URL = re.compile(r"(?:https?://|www\.)\S+")
_EDIT = re.compile(r"^\W*(?:edit|eta|update|tl;?dr)\b\W{0,3}\d*\s*[:\-—]", re.IGNORECASE)
_RULE = re.compile(r"^\s*(?:[-*_]\s*){3,}$")
_AGE = re.compile(r"^(?:(\d{1,2})[\s/]?(f|m|nb)|(f|m|nb)[\s/]?(\d{1,2}))$", re.IGNORECASE)
_HEIGHT = re.compile(r"^(\d)'(\d{1,2})\"?$")
_THOUSANDS = re.compile(r"^(\$?)(\d+(?:\.\d+)?)k$", re.IGNORECASE)
_YEARS_OLD = re.compile(r"^(\d{1,3})\s?-?y/?o$", re.IGNORECASE)
_MONEY = re.compile(r"^\$(\d[\d,]*(?:\.\d+)?)$")
_TIMES = re.compile(r"^(\d+)x$", re.IGNORECASE)
_LONG = re.compile(r"([A-Za-z])\1{2,}")
_CORE = re.compile(r"^([\"'(\[*]*)(.*?)([\"')\]*.,!?;:…]*)$", re.DOTALL)


def strip_markup(text: str) -> str:
    """Remove markup, links, emoji and later edits; words, paragraphs and plain punctuation remain."""
    text = html.unescape(html.unescape(text)).replace("\u200b", "").replace("\ufeff", "")
    text = _LONG_RUN.sub(r"\1\1\1", _SPACES.sub(" ", text))
    text = _LINK.sub(r"\1", text)
    text = _URL.sub("", text)
    text = _LONG_WORD.sub(r"\1…", text)
    paragraphs = [_paragraph(p) for p in re.split(r"\n\s*\n", text)]
    kept = [p for p in paragraphs if p]
    told = [p for p in kept if not _EDIT.match(p)]
    return "\n\n".join(told or kept)


def _paragraph(text: str) -> str:
    lines = (line for line in text.splitlines() if not _RULE.match(line))
    text = " ".join(re.sub(r"^\s*(?:[>#]+\s*|[-*+]\s+)", "", line) for line in lines)
    text = re.sub(r"\*{1,3}|~~|`|\\(?=[^\w\s])|(?<!\w)_+|_+(?!\w)|>!|!<", "", text)
    text = text.translate(
        {0x201C: '"', 0x201D: '"', 0xAB: '"', 0xBB: '"', 0x2018: "'", 0x2019: "'", 0xA0: " "}
    )
    text = re.sub(r"(?<=\d)\s*[–—]\s*(?=\d)", " to ", text)
    text = re.sub(r"\s*(?:—|–|--+|\s-\s)\s*(?=\w|\")", ", ", text)
    text = re.sub(r"\s*(?:—|–|--+)\s*", "… ", text)
    text = re.sub(r"\.{2,}", "…", text)
    text = re.sub(r"([!?])[!?]*\1[!?]*", r"\1", text)
    text = re.sub(r"…(?=\w)", "… ", text)
    text = "".join(
        c for c in text if unicodedata.category(c) not in {"So", "Sk", "Cs", "Co", "Cn", "Cf", "Mn"}
    )
    return re.sub(r"\s+([,.;:!?…])", r"\1", re.sub(r"\s+", " ", text)).strip()


def spoken(words: list[str]) -> list[str]:
    """Return what the voice reads for each displayed word; empty where it reads nothing."""
    shouting = _shouted(words)
    said = [_say(word, shouting[i]) for i, word in enumerate(words)]
    for i, word in enumerate(words[:-1]):
        money = _MONEY.match(_core(word)[1])
        if money and re.match(r"(?:hundred|thousand|million|billion)\b", words[i + 1], re.IGNORECASE):
            said[i] = money.group(1)
            unit = _core(words[i + 1])
            said[i + 1] = f"{unit[1]} dollars{_pause(unit[2])}"
    return said


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


def _read(core: str, shouting: bool, bracketed: bool) -> str:
    if age := _AGE.match(core):
        years, sex = age.group(1) or age.group(4), (age.group(2) or age.group(3)).lower()
        if bracketed or len(years) == 2:
            return f"{years} {_SEX[sex]}"
    if not shouting and core in CAPITALS:
        return CAPITALS[core]
    lower = core.lower()
    if lower in ANY_CASE:
        return ANY_CASE[lower]
    if lower == "no":
        return "[no](/nˈO/)"
    return _read_number(core) or _read_plain(core, shouting)


def _read_number(core: str) -> str | None:
    if k := _THOUSANDS.match(core):
        return f"{k.group(2)} thousand" + (" dollars" if k.group(1) else "")
    if years := _YEARS_OLD.match(core):
        return f"{years.group(1)} year old"
    if times := _TIMES.match(core):
        return f"{times.group(1)} times"
    return None


def _read_plain(core: str, shouting: bool) -> str:
    core = core.replace("/", " ").replace("[", "").replace("]", "")
    core = _LONG.sub(r"\1", core)
    letters = re.sub(r"\W", "", core)
    if letters.isupper() and letters not in _SPELT and len(letters) > 1 and (shouting or len(letters) > 3):
        return core.lower()
    return core
