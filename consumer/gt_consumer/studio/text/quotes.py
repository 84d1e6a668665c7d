"""Which words in quotation marks are speech, and what the words beside them say about the speaker."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from gt_consumer.studio.text.mentions import Token, tokens_of
from gt_consumer.studio.text.people import DIRECT, NOBODY, SAID, SAID_BY_ME, WRITTEN

_QUOTE: Final = re.compile(r'"([^"]+)(?:"|$)')
_ADVERBS: Final = (
    r"(?:[a-z]+ly|just|then|even|also|still|once|again|almost|never|always|back|had|has|was|kept|would|could)"
)
_WORDS_OF_TITLES: Final = re.compile(
    r"\b(?:word|words|letter|sign|note|name|title|called|titled|named|labelled|labeled|so-called)\s*,?$",
    re.IGNORECASE,
)
_CALLS: Final = frozenset({"call", "calls", "called"})
_WRITING: Final = re.compile(
    r"\b(?:it|this|that|which|note|letter|sign|card|label|message|text|email|post|page|will|contract|"
    r"paper|sheet|list|"
    r"banner|caption|book|headline|screen|tag|sticker|poster|mug|shirt|envelope|line|subject|form|"
    r"document|receipt)\s+"
    r"(?:just\s+|only\s+|simply\s+|also\s+)?(?:said|says|read|reads|saying|reading|was|is)\s*[,:]?\s*$",
    re.IGNORECASE,
)
_HAS_WRITTEN: Final = re.compile(
    r"\b(?:written|wrote|engraved|printed|typed|scribbled|painted)\b[^.!?]*[:,]\s*$", re.IGNORECASE
)

VOCATIVE: Final = re.compile(r"(?:^|, )([A-Z][a-z]+)(?=[,.!?]|$)")
"""A name with which a quote addresses somebody."""


@dataclass(frozen=True)
class Part:
    """Words of a sentence: of a quote that is speech, or of narration with all other quotes in it."""

    text: str
    speech: bool = False


@dataclass(frozen=True)
class Clue:
    """What narration says about the speaker of a quote: where in it the subject is, or that nobody speaks.

    Parameters:
        subject: the words that mean the speaker, with their place in the narration; None if nobody speaks
        inherited: the verb has no subject of its own ("He turned and said,"): it is that of the sentence
    """

    subject: tuple[int, int] | None
    inherited: bool = False


def parts_of(sentence: str) -> list[Part]:
    """Split a sentence into speech and narration; what only names or doubts something stays narration."""
    parts: list[Part] = []
    end = 0
    for match in _QUOTE.finditer(sentence):
        before, inner, after = sentence[: match.start()], match.group(1), sentence[match.end() :]
        if not is_speech(inner, before, after):
            continue
        if re.search(r"\w", sentence[end : match.start()]):
            parts.append(Part(sentence[end : match.start()].strip()))
        parts.append(Part(inner.strip(), speech=True))
        end = match.end()
    rest = sentence[end:].strip()
    if re.search(r"\w", rest):
        parts.append(Part(rest))
    return parts


def is_speech(inner: str, before: str, after: str) -> bool:
    """Whether words in quotation marks are said by somebody.

    Parameters:
        inner: the words
        before, after: what stands before and after them in the sentence
    """
    if not re.search(r"\w", inner):
        return False
    before = before.rstrip()
    told = re.sub(r'"[^"]*"', '""', before)
    if _WRITING.search(told) or _HAS_WRITTEN.search(told):
        return False
    last = told[-1:] if told else ""
    if not told or last in '.!?…"':
        return bool(re.search(r"[.,!?…—-]\W*$", inner)) or clue_after(after) is not None
    if last in ",:":
        return (
            clue_before(told) is not None
            or last == ":"
            or (bool(re.search(r"[.,!?…]\W*$", inner)) and not _WORDS_OF_TITLES.search(told))
        )
    words = re.findall(r"[\w'’-]+", told)
    if words and words[-1].lower() in DIRECT - _CALLS:
        return True
    if len(words) > 2 and re.search(
        rf"\b(?:{'|'.join(DIRECT - _CALLS)})(?: out)?(?: (?:at|to|after))?"
        r"(?: (?:me|him|her|us|them|back|loudly|quietly))$",
        told,
    ):
        return bool(re.search(r"[.,!?…]\W*$", inner))
    return False


def clue_after(narration: str) -> Clue | None:
    """Return who speaks by the words after a quote: `she said`, `said my uncle Pete`, `Tom asked me`."""
    text = re.sub(r'^[\s,"]+', "", narration)
    shift = len(narration) - len(text)
    text = re.split(r'"', text)[0]
    tokens = tokens_of(text)
    if not tokens:
        return None
    if tokens[0].lower in SAID and tokens[0].text[0].islower():
        return _named(text, tokens, _skip(tokens, 1), shift)
    limit = next((i for i, t in enumerate(tokens) if t.text in ".;:!?"), len(tokens))
    verb = next(
        (i for i, t in enumerate(tokens[:limit][:9]) if i > 0 and _says(tokens, i)),
        None,
    )
    if verb is None:
        return None
    subject = [t for t in tokens[:verb] if not _is_adverb(t)]
    if not subject or not _is_noun_phrase(subject, text):
        return None
    if (subject[0].lower in NOBODY and len(subject) == 1) or subject[0].lower in {
        "everyone",
        "everybody",
        "nobody",
    }:
        return Clue(None)
    return Clue((shift + subject[0].start, shift + subject[-1].end))


def _says(tokens: list[Token], i: int) -> bool:
    """Whether a word is a verb of saying: "she said", and of the forms without an ending "I tell"."""
    if tokens[i].lower in SAID:
        return not (i and _is_noun(tokens, i))
    before = i - 1
    while before > 0 and _is_adverb(tokens[before]) and tokens[before].lower != "would":
        before -= 1
    return tokens[i].lower in SAID_BY_ME and before >= 0 and tokens[before].lower in {"i", "would"}


def _is_noun(tokens: list[Token], i: int) -> bool:
    """Whether a verb of saying is a noun here: "the laughs", "a call"."""
    return tokens[i - 1].lower in {"a", "an", "the", "of", "my", "his", "her", "to"}


def _is_adverb(token: Token) -> bool:
    return token.text.islower() and bool(re.fullmatch(_ADVERBS, token.text))  # and not "Emily"


def _skip(tokens: list[Token], i: int) -> int:
    while i < len(tokens) and _is_adverb(tokens[i]):
        i += 1
    return i


def _named(text: str, tokens: list[Token], i: int, shift: int) -> Clue | None:
    """Return the noun phrase after an inverted verb: `said the head midwife`."""
    if i >= len(tokens) or not (tokens[i].text[0].isalnum()):
        return None
    if tokens[i].lower in NOBODY and tokens[i].lower not in {"one", "somebody", "someone"}:
        return Clue(None)
    end = next(
        (k for k in range(i, len(tokens)) if tokens[k].text in ".,;:!?" and tokens[k].text != "."),
        len(tokens),
    )
    return Clue((shift + tokens[i].start, shift + tokens[end - 1].end))


def _is_noun_phrase(tokens: list[Token], text: str) -> bool:
    """Whether tokens could be one subject: no verb, no sign but brackets and commas of an apposition."""
    words = [t for t in tokens if t.text[0].isalpha()]
    if not words or len(words) > 7:
        return False
    return not any(
        t.lower in {"and", "but", "when", "as", "who", "that", "which", "is", "was", "were", "had", "has"}
        for t in words
    )


_TAIL: Final = re.compile(
    r"^(?: (?:[a-z]+ly|out|back|again|softly|loudly|aloud|up|down))*"
    r"(?: (?:to|at|after|with|into|in|from|over|through|across)?\s?(?:me|him|her|us|them|everyone|"
    r"everybody|himself|herself|myself|(?:my|the|his|her|our|a|an|[A-Z])[\w'’ -]{0,40}))?"
    r"(?: (?:[a-z]+ly|in|with|over|through|from|on|before|by|as)\b[\w'’ ,-]{0,60})?(?: (?:was|is))?"
    r"\s*[,:]?\s*$"
)


def clue_before(narration: str) -> Clue | None:
    """Return who speaks by the words before a quote: `Jonah asked,`, `She knelt down and said,`."""
    start = max((m.end() for m in re.finditer(r'[.!?…]["”)]?\s+(?=\S)|"\s*', narration)), default=0)
    text = narration[start:]
    tokens = tokens_of(text)
    verbs = [i for i in range(len(tokens)) if _says(tokens, i)]
    for i in reversed(verbs):
        tail = text[tokens[i].end :]
        if not _TAIL.match(tail):
            continue
        return _subject_before(text, tokens, i, start)
    if text.rstrip().endswith(":") and not _HAS_WRITTEN.search(text):
        return Clue((start, start), inherited=True)
    return None


def _subject_before(text: str, tokens: list[Token], verb: int, shift: int) -> Clue:
    i = verb
    while i and (_is_adverb(tokens[i - 1]) or tokens[i - 1].lower in {"'s", "is", "are"}):
        i -= 1
    if (
        not i
        or tokens[i - 1].lower in {"and", "then", "but", "or", ",", "to", ";"}
        or not tokens[i - 1].text[0].isalnum()
    ):
        closing = i and tokens[i - 1].text in ")]"
        if not closing:
            return Clue((shift, shift + (tokens[i - 1].start if i else 0)), inherited=True)
    first = i - 1
    while (
        first > 0
        and i - first < 9
        and tokens[first - 1].lower
        not in {"and", "but", "so", "then", "when", "because", "until", "as", ",", ";", "that", "who"}
    ):
        first -= 1
    if tokens[i - 1].lower in {"he", "she", "i"}:
        first = i - 1  # "when I picked up she asked"
    elif tokens[first].lower in _BEFORE_SUBJECT:
        first = _last_phrase(tokens, first, i)
    if (tokens[first].lower in NOBODY and i - first == 1) or tokens[i - 1].lower in {
        "everyone",
        "everybody",
        "nobody",
        "they",
        "people",
    }:
        return Clue(None)
    if tokens[first - 1].lower == "who" and first:
        return Clue((shift, shift + tokens[first - 1].start), inherited=True)
    return Clue((shift + tokens[first].start, shift + tokens[i - 1].end))


def _last_phrase(tokens: list[Token], first: int, end: int) -> int:
    """Return where the subject begins that a phrase of place precedes: "Behind me the old nurse said"."""
    at = end - 1
    while at > first + 1:
        if tokens[at].lower in _DETERMINERS:
            return at
        if tokens[at - 1].lower in _OBJECTS:
            return at
        at -= 1
    return end - 1


_BEFORE_SUBJECT: Final = frozenset(
    """
    behind beside next near above below in at on from across over under after before during without with
    outside inside through around opposite between""".split()
)
_DETERMINERS: Final = frozenset("the a an my our his her their this that some one another".split())
_OBJECTS: Final = frozenset("me us him her them it you".split())


def is_written(narration: str) -> bool:
    """Whether the words beside a quote say that it was written."""
    return any(t.lower in WRITTEN for t in tokens_of(narration))
