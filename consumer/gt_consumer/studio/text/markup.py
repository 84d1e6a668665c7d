"""Takes the markup out of a post: what remains are words, paragraphs and plain punctuation."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Final

from gt_consumer.studio.text.edits import without_edits

# No language has longer words or runs, on which pysbd, VADER and the patterns below take quadratic time.
_LONGEST_WORD: Final = 60
_LONG_WORD: Final = re.compile(rf"(\S{{{_LONGEST_WORD}}})\S+")
_LONG_RUN: Final = re.compile(r"([^\w\s])\1{9,}")
_SPACES: Final = re.compile(r"[^\S\n]+")
_IMAGE: Final = re.compile(r"!\[[^\]]*\]\((?:[^()\s]|\([^)]*\))*(?:\s+\"[^\"]*\")?\)")
_LINK: Final = re.compile(r"\[([^\]]*)\]\((?:[^()\s]|\([^)]*\))*(?:\s+\"[^\"]*\")?\)")
_NOT_READ: Final = re.compile(
    r"^\W*(?:view |see |vote (?:in|on) )?(?:the |this |my )?(?:poll|link|links|pic|pics|picture|photo|"
    r"image|gif|video|source|here|"
    r"imgur|proof|screenshot|previous post|original post|first post|last update|update|part \d+)\W*$",
    re.IGNORECASE,
)
_URL: Final = re.compile(r"(?:https?://|www\.)\S+")
_RULE: Final = re.compile(r"^\s*(?:[-*_=]\s*){3,}$")
_TABLE_RULE: Final = re.compile(r"^\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?\s*$")
_ITEM: Final = re.compile(r"^\s*(?:[-*+•]|\d{1,2}[.)])\s+")
_STARS: Final = re.compile(r"(?<![\w*])\*{1,3}(?=[^\s*])|(?<=[^\s*])\*{1,3}(?![\w*])")
_MASKED: Final = re.compile(r"\b[A-Za-z]{1,3}\*{2,}(?!\w)")
_DROPPED: Final = frozenset({"So", "Sk", "Cs", "Co", "Cn", "Cf", "Mn"})
_QUOTES: Final = {
    0x201C: '"',
    0x201D: '"',
    0x201E: '"',
    0xAB: '"',
    0xBB: '"',
    0x2018: "'",
    0x2019: "'",
    0xA0: " ",
}


def strip_markup(text: str) -> str:
    """Remove markup, links, tables, emoji and edits about the post; words and plain punctuation remain."""
    text = html.unescape(html.unescape(text)).replace("\u200b", "").replace("\ufeff", "")
    text = _LONG_RUN.sub(r"\1\1\1", _SPACES.sub(" ", text))
    text = text.replace(">!", " ").replace("!<", " ")
    text = _IMAGE.sub("", text)
    text = _LINK.sub(lambda m: "" if _NOT_READ.match(m.group(1)) else m.group(1), text)
    text = _URL.sub("", text)
    text = _LONG_WORD.sub(r"\1…", text)
    paragraphs = [
        plain for p in re.split(r"\n\s*\n", text) if (plain := _paragraph(p)) and not _NOT_READ.match(plain)
    ]
    return "\n\n".join(without_edits(paragraphs))


def _paragraph(text: str) -> str:
    text = _plain(" ".join(_lines(text)))
    text = re.sub(r"(?<=\d)\s*[–—]\s*(?=\d)", " to ", text)
    text = re.sub(r"\s*(?:—|–|--+|\s-\s)\s*(?=\w|\")", ", ", text)
    text = re.sub(r"\s*(?:—|–|--+)\s*", "… ", text)
    text = re.sub(r"\.{2,}", "…", text)
    text = re.sub(r"([!?])[!?]*\1[!?]*", r"\1", text)
    text = re.sub(r"…(?=\w)", "… ", text)
    text = "".join(c for c in text if unicodedata.category(c) not in _DROPPED)
    return re.sub(r"\s+([,.;:!?…])", r"\1", re.sub(r"\s+", " ", text)).strip()


def _plain(text: str) -> str:
    """Remove the signs of bold, code and the like; stars within words stay: they hide letters."""
    masked = _MASKED.sub(lambda m: m.group().replace("*", "\x01"), text)
    masked = _STARS.sub("", masked)
    masked = re.sub(r"~~|`|\\(?=[^\w\s])|(?<!\w)_+|_+(?!\w)", "", masked)
    text = masked.replace("\x01", "*").translate(_QUOTES)
    return re.sub(r"(?<=\d'\d)(\d?)\"", r"\1", text)  # the sign of inches would begin a quote


def _lines(text: str) -> list[str]:
    """Return the lines of a paragraph without tables, rules and signs of lists and quotes."""
    lines = text.splitlines()
    rows = {i for i, line in enumerate(lines) if _TABLE_RULE.match(line) and "-" in line and ("|" in line)}
    is_table = bool(rows)
    kept: list[str] = []
    for line in lines:
        if _RULE.match(line) or line.lstrip().startswith("|") or (is_table and "|" in line):
            continue
        if line.strip().lower() in {"view poll", "[view poll]"}:
            continue
        told = re.sub(r"^\s*(?:[>#]+\s*)+", "", line)
        item = _ITEM.sub("", told)
        if item != told and item.strip():
            item = item.rstrip()
            if kept and kept[-1][-1:].isalnum():
                kept[-1] += ":" if len(kept) == 1 and not _ITEM.match(lines[0]) else "."
            told = item + ("." if item[-1].isalnum() else "")
        kept.append(told)
    return kept
