"""Divides a story into sentences; also one that is written without any punctuation."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gt_consumer.studio.script.model import count_words
from gt_consumer.studio.text.people import SAID

MAX_PIECE: Final = 1000
"""Characters that pysbd gets at once, because it takes quadratic time."""
MAX_WORDS: Final = 45
"""Words from which on a sentence is divided at a clause, or between two words if it has none."""
_BEST_WORDS, _FEWEST_WORDS = 18, 5
_END: Final = re.compile(r"[.!?…][\"')]* ")
_CONTINUES: Final = re.compile(r"^(?:[a-z]|\"\s|[^\w\"$(\[]+$)")
_ATTRIBUTES: Final = re.compile(
    rf"^(?:I|[Hh]e|[Ss]he|[Tt]hey|[Mm]y \w+|[Tt]he \w+|[A-Z]\w+) (?:\w+ )?(?:{'|'.join(sorted(SAID))})\b"
)
_SUBJECTS: Final = (
    r"(?:i|he|she|we|they|it|you|there|my|his|her|our|their|the|a|an|this|that|nobody|everybody)"
)
_CLAUSE: Final = re.compile(
    rf"\s+(?=(?:(?:and|but|so)\s+(?:then\s+|now\s+|when\s+|of course\s+|finally\s+)?{_SUBJECTS}\b|"
    rf"then\s+{_SUBJECTS}\b|"
    r"(?:the next|last|one|that|two|three|four|five|a few|\d+)\s+(?:day|days|morning|week|weeks|night|"
    r"month|months|"
    r"year|years|hours|minutes)\s+(?:later|ago|after|when|i|he|she|we|they)\b|when\s+(?:i|he|she|we|"
    r"they|my)\b))",
    re.IGNORECASE,
)
_LOOSER: Final = re.compile(r"\s+(?=(?:because|until|although|which|while|and|but|so|when)\s)", re.IGNORECASE)
_COMMA: Final = re.compile(r"(?<=[,;:…])\s+")
_LEADING: Final = re.compile(r"^(?:and(?: then| now)?|then)\s+(?=\w)", re.IGNORECASE)
_TRAILING: Final = re.compile(r"\s+(?:and|but|so|then|because)$", re.IGNORECASE)


@dataclass(frozen=True)
class Sentence:
    """A sentence, with the attribution of a quote in it; `opens` at the beginning of a paragraph."""

    text: str
    opens: bool = False


@functools.lru_cache(maxsize=1)
def _segmenter() -> Callable[[str], list[str]]:
    import pysbd

    segment: Callable[[str], list[str]] = pysbd.Segmenter(language="en", clean=False).segment
    return segment


def split_sentences(text: str) -> list[Sentence]:
    """Divide a text into sentences; a quote keeps its `she said`."""
    found: list[Sentence] = []
    for paragraph in text.split("\n\n"):
        merged = [
            part
            for sentence in _merged(_pieces(paragraph))
            for part in _divided(sentence)
            if count_words([part])
        ]
        found += [Sentence(_ended(part), i == 0) for i, part in enumerate(merged)]
    return found


def _ended(text: str) -> str:
    """Return a sentence with a full stop if it has no end at all; not a word or two, such as a label."""
    return text + "." if text[-1:].isalpha() and count_words([text]) >= _FEWEST_WORDS else text


def _pieces(paragraph: str) -> Iterator[tuple[str, bool]]:
    """Return what pysbd takes for sentences, each with whether it goes on in the next one.

    A long paragraph is cut after a sentence, or between two words of one that has no end.
    """
    start = 0
    while start < len(paragraph):
        window = paragraph[start : start + MAX_PIECE]
        is_last = start + len(window) == len(paragraph)
        after_sentence = max(match.end() for match in _END.finditer(window)) if _END.search(window) else 0
        cut = len(window) if is_last else after_sentence or window.rfind(" ") + 1 or len(window)
        pieces = [piece for s in _segmenter()(window[:cut]) if (piece := str(s).strip())]
        for number, piece in enumerate(pieces, start=1):
            yield piece, number == len(pieces) and not is_last and not after_sentence
        start += cut


def _merged(pieces: Iterable[tuple[str, bool]]) -> Iterator[str]:
    """Join pieces that belong to one sentence: an open quote, a continuation, or who said it."""
    group: list[str] = []
    is_cut, is_open = False, False
    for piece, goes_on in pieces:
        belongs = bool(group) and (
            is_open
            or bool(_CONTINUES.match(piece))
            or (group[-1].endswith('"') and bool(_ATTRIBUTES.match(piece)))
        )
        if group and not is_cut and not belongs:
            yield " ".join(group)
            group, is_open = [], False
        group.append(piece)
        is_cut = goes_on
        is_open ^= bool(piece.count('"') % 2)
    if group:
        yield " ".join(group)


def _divided(sentence: str) -> list[str]:
    """Divide a sentence that is too long to be spoken or shortened: at clauses, commas, or between words."""
    if count_words([sentence]) <= MAX_WORDS:
        return [sentence]
    if '"' in sentence:
        halves = _at_quotes(sentence)
        return [part for half in halves for part in _divided(half)] if len(halves) > 1 else _forced(sentence)
    for pattern in (_CLAUSE, _COMMA, _LOOSER):
        parts = _gathered(pattern.split(sentence))
        if len(parts) > 1:
            done = [part for piece in parts for part in _divided(piece)]
            return [_as_sentence(part, last=i == len(done) - 1) for i, part in enumerate(done)]
    return _forced(sentence)


def _at_quotes(sentence: str) -> list[str]:
    """Divide a sentence after one of those in its quotes; an attribution stays with its quote."""
    cuts = [m.end() for m in re.finditer(r'[.!?…]["]?\s+(?=["A-Z])', sentence)]
    if not cuts:
        return [sentence]
    middle = min(cuts, key=lambda at: abs(at - len(sentence) // 2))
    first, rest = sentence[:middle].strip(), sentence[middle:].strip()
    if first.count('"') % 2:
        first, rest = first + '"', '"' + rest
    return [first, rest]


def _gathered(pieces: Sequence[str]) -> list[str]:
    """Join neighbouring pieces until each has enough words."""
    done: list[str] = []
    for piece in pieces:
        if done and (
            count_words([done[-1]]) < _FEWEST_WORDS
            or count_words([piece]) < _FEWEST_WORDS
            or count_words([done[-1], piece]) <= _BEST_WORDS
        ):
            done[-1] += " " + piece
        else:
            done.append(piece)
    return done


def _forced(sentence: str) -> list[str]:
    words = sentence.split()
    return [" ".join(words[i : i + MAX_WORDS]) for i in range(0, len(words), MAX_WORDS)]


def _as_sentence(part: str, *, last: bool) -> str:
    """Return a clause as a sentence: without a leading "and", with a capital letter and a full stop."""
    text = _TRAILING.sub("", _LEADING.sub("", part.strip()))
    text = text[:1].upper() + text[1:]
    if last and text[-1:] not in ",;:" and "." in text:
        return text
    return text if text[-1:] in ".!?…" else text.rstrip(",;:") + "."
