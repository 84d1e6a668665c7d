"""Shortens a story to the length of a short video, without a language model.

Sentences are weighted by sentiment, dialogue, turning words, facts and centrality (LexRank over TF-IDF) and
chosen within a word budget per act; one that depends on the sentence before it ("Not me.") brings it along.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gt_common.errors import PermanentError
from gt_consumer.studio.text.dialogue import NARRATOR, Cast, Person, Segment, narrator_sex, segments_of
from gt_consumer.studio.text.mood import compound, mood_of
from gt_consumer.studio.text.normalise import strip_markup
from gt_consumer.studio.text.people import SAID
from gt_consumer.studio.text.story import MAX_TITLE, Story

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ACTS = ("hook", "build", "crisis", "climax", "resolution")
_TENSE = ("crisis", "climax")
SHARES = (0.14, 0.29, 0.22, 0.22, 0.13)
MIN_SENTENCE_WORDS = 1
MAX_TITLE_WORDS = 24
MAX_PIECE = 1000  # characters that pysbd gets at once, because it takes quadratic time
MAX_MERGED = 2000  # characters of a sentence from which on nothing more is added to it
MAX_RANKED = 2000  # sentences that are compared with each other
MAX_OVER_WORDS = 40  # that a single long sentence may exceed the budget by: about 13 s of speech
_END = re.compile(r"[.!?…][\"')]* ")
_TURN = re.compile(
    r"\b(?:but|until|suddenly|then|finally|turns out|however|instead|that's when|found out|realized|"
    r"the next (?:day|morning)|because|so I)\b",
    re.IGNORECASE,
)
_FACT = re.compile(
    r"\$?\d[\d,]*|\b(?:left me|owns?|owed?|paid|promised|married|divorc\w+|fired|stole|refused|inherit\w+|"
    r"cancel\w*|invited|signed)\b",
    re.IGNORECASE,
)
_DEPENDS = re.compile(
    r"^(?:\"?(?:it|that|this|these|those|he|she|they|him|her|which|so|and|or|nope|yes|no|neither|not|"
    r"(?:then|but) (?:he|she|it|they))\b)",
    re.IGNORECASE,
)
_CONTINUES = re.compile(r"^(?:[a-z]|\"\s|[^\w\"$(\[]+$)")
_ATTRIBUTES = re.compile(rf"^(?:I|[Hh]e|[Ss]he|[Tt]hey|[Mm]y \w+|[Tt]he \w+|[A-Z]\w+) (?:\w+ )?(?:{SAID})\b")
_STRONG = re.compile(
    r"\b(?:left me|died|passed away|inherit\w*|owed?|stole|fired|pregnant|cheat\w*)\b", re.IGNORECASE
)
_VERDICT = re.compile(r"\b(?:AITA|WIBTA|AITAH|the asshole|am I wrong|was I wrong)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Line:
    """One sentence of the script.

    Parameters:
        act: one of `ACTS`
        mood: one of `mood.MOODS`
        people: keys of the people it mentions, without the narrator
        opens: whether it begins a paragraph, before which the voice pauses longer
    """

    text: str
    segments: tuple[Segment, ...]
    act: str
    mood: str
    people: tuple[str, ...]
    opens: bool


@dataclass(frozen=True)
class Script:
    """What is told: the title as the hook, then the lines; and the people who appear, by key."""

    title: str
    lines: tuple[Line, ...]
    persons: dict[str, Person]

    @property
    def word_count(self) -> int:
        """Return the number of spoken words, including the title's."""
        return _count(self.title) + sum(_count(line.text) for line in self.lines)


def _count(text: str) -> int:
    return sum(any(c.isalnum() for c in word) for word in text.split())


@functools.lru_cache(maxsize=1)
def _segmenter() -> Callable[[str], list[str]]:
    import pysbd

    segment: Callable[[str], list[str]] = pysbd.Segmenter(language="en", clean=False).segment
    return segment


def split_sentences(text: str) -> list[tuple[str, bool]]:
    """Split a text into sentences, each with whether it begins a paragraph; a quote keeps its `she said`."""
    found: list[tuple[str, bool]] = []
    for paragraph in text.split("\n\n"):
        merged = _merged(_pieces(paragraph))
        found += [(s, i == 0) for i, s in enumerate(merged) if _count(s) >= MIN_SENTENCE_WORDS]
    return found


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


def _merged(pieces: Iterable[tuple[str, bool]]) -> list[str]:
    """Join pieces that belong to one sentence: an open quote, a continuation, or who said it."""
    groups: list[list[str]] = []
    is_cut, is_open, length = False, False, 0
    for piece, goes_on in pieces:
        belongs = bool(groups) and (
            is_open
            or bool(_CONTINUES.match(piece))
            or (groups[-1][-1].endswith('"') and bool(_ATTRIBUTES.match(piece)))
        )
        if is_cut or (belongs and length < MAX_MERGED):
            groups[-1].append(piece)
        else:
            groups.append([piece])
            is_open, length = False, 0
        is_cut = goes_on
        is_open ^= bool(piece.count('"') % 2)
        length += len(piece)
    return [" ".join(group) for group in groups]


def write_script(story: Story, max_words: int) -> Script:
    """Write the script of a story in about `max_words` words.

    Raises:
        PermanentError: nothing that can be read aloud is left of the story, or its sentences are too long
    """
    sentences = split_sentences(strip_markup(story.text))
    if not sentences:
        raise PermanentError(f"no words that can be read aloud in the story: {story.source}")
    title = _title(strip_markup(story.title)) if story.title else ""
    texts = [s for s, _ in sentences]
    acts = act_of_each(texts)
    kept = choose(texts, [o for _, o in sentences], acts, max_words - _count(title))
    cast = Cast()
    cast.persons[NARRATOR] = Person(NARRATOR, narrator_sex(story.title + " " + story.text), "adult")
    cast.read_sexes(" ".join(texts))
    cast.mentioned(title)
    lines = []
    for i, (text, opens) in enumerate(sentences):
        # Also for omitted ones, which introduce people; one that is too long is refused below.
        segments = tuple(segments_of(text[:MAX_MERGED], cast, opens))
        if i in kept and segments:
            people = tuple(cast.mentioned(re.sub(r'"[^"]*"', "", text)))
            mood = mood_of(text)
            if mood == "neutral" and acts[i] in _TENSE:
                mood = "serious"
            lines.append(Line(text, segments, acts[i], mood, people, opens))
    if not title:
        title = " ".join(texts[0].split()[:12])[:MAX_TITLE].rstrip(",;:")
    script = Script(title, tuple(lines), cast.persons)
    _check_length(script, max_words, story.source)
    return script


def _check_length(script: Script, max_words: int, source: str) -> None:
    """Refuse a script that became long because the story is a single sentence, such as one without stops."""
    if script.word_count > max_words + MAX_OVER_WORDS:
        raise PermanentError(
            f"the story's sentences are too long: the shortest script has {script.word_count} words, "
            f"max_words is {max_words}; divide the sentences of {source}"
        )


def _title(text: str) -> str:
    words = text.replace("\n\n", " ").split()
    short = " ".join(words[:MAX_TITLE_WORDS])
    return short if len(words) <= MAX_TITLE_WORDS else short.rstrip(",;:") + "…"


def act_of_each(texts: list[str]) -> list[str]:
    """Return the act of each sentence; the climax is the peak of intensity within 55 to 92 % of the story."""
    import numpy as np

    n = len(texts)
    heat = np.array([abs(compound(t)) + 0.3 * t.count("!") + 0.2 * ('"' in t) for t in texts])
    smooth = np.convolve(np.pad(heat, 2, mode="edge"), np.ones(5) / 5, mode="valid")
    words = np.cumsum([_count(t) for t in texts], dtype=float)
    place = words / words[-1]
    within = np.where((place >= 0.55) & (place <= 0.92), smooth, -1.0)
    peak = float(place[int(within.argmax())]) if within.max() >= 0 else 0.75
    bounds = (0.10, 0.42, max(0.5, peak - 0.1), min(0.95, peak + 0.1))
    middle = (place + np.concatenate([[0.0], place[:-1]])) / 2
    acts = [ACTS[int(np.searchsorted(bounds, m))] for m in middle]
    acts[0] = "hook"
    if n > 1:
        acts[-1] = "resolution"
    return acts


def choose(texts: list[str], opens: list[bool], acts: list[str], budget: int) -> set[int]:
    """Choose the sentences to tell: all of them if they fit, else those with the highest weight in each act.

    Parameters:
        opens: whether each sentence begins a paragraph
        acts: the act of each sentence
        budget: words

    Returns the indices of the chosen sentences, always at least one.
    """
    counts = [_count(t) for t in texts]
    if sum(counts) <= budget:
        return set(range(len(texts)))
    weights = _weights(texts)
    kept: set[int] = set()
    left = float(budget)
    if _VERDICT.search(texts[-1]) and counts[-1] <= 25:
        kept.add(len(texts) - 1)
        left -= counts[-1]
    carry = 0.0
    for act, share in zip(ACTS, SHARES, strict=True):
        carry += share * left
        members = [i for i in range(len(texts)) if acts[i] == act and i not in kept]
        for i in sorted(members, key=lambda i: -weights[i]):
            group = [j for j in _with_support(i, texts, opens) if j not in kept]
            cost = sum(counts[j] for j in group)
            if group and cost <= carry:
                kept.update(group)
                carry -= cost
    return kept or {max(range(len(texts)), key=lambda i: weights[i])}


def _with_support(i: int, texts: list[str], opens: list[bool]) -> list[int]:
    """Return a sentence with those that it depends on, and the rest of a speech or an answer."""
    group = [i]
    while group[0] > 0 and len(group) < 3 and _depends(group[0], texts, opens):
        group.insert(0, group[0] - 1)
    while group[-1] + 1 < len(texts) and len(group) < 4 and _continues(group[-1], texts, opens):
        group.append(group[-1] + 1)
    return group


def _depends(i: int, texts: list[str], opens: list[bool]) -> bool:
    return bool(_DEPENDS.match(texts[i])) or _count(texts[i]) <= 3 or _continues(i - 1, texts, opens)


def _continues(i: int, texts: list[str], opens: list[bool]) -> bool:
    """Whether the speech of a sentence continues in the next one, or is answered by it."""
    if not texts[i + 1].startswith('"'):
        return False
    return (
        ('"' in texts[i] and not opens[i + 1])
        or '?"' in texts[i]
        or texts[i].endswith((":", "one question."))
    )


def _weights(texts: list[str]) -> list[float]:
    central = _lexrank(texts)
    named: set[str] = set()
    weights = []
    for i, text in enumerate(texts):
        names = set(re.findall(r"(?<=[a-z,] )[A-Z][a-z]{2,}", text)) - named
        named |= names
        weights.append(
            0.3 * abs(compound(text))
            + 0.3 * ('"' in text)
            + 0.2 * bool(_TURN.search(text))
            + 0.3 * central[i]
            + 0.35 * bool(_FACT.search(text))
            + 0.6 * bool(_STRONG.search(text))
            + 0.3 * bool(names)
            + (0.8 if i == 0 else 0.4 if i == len(texts) - 1 else 0)
        )
    return weights


def _lexrank(texts: list[str]) -> NDArray[np.float64]:
    """Return how central each sentence is, 0 to 1 (Erkan and Radev 2004, continuous LexRank)."""
    import numpy as np

    if len(texts) > MAX_RANKED:  # a matrix of all pairs would fill the memory
        return np.zeros(len(texts))
    bags = [re.findall(r"[a-z']{3,}", t.lower()) for t in texts]
    vocabulary = {w: k for k, w in enumerate(sorted({w for bag in bags for w in bag}))}
    counts = np.zeros((len(texts), max(1, len(vocabulary))))
    for i, bag in enumerate(bags):
        for word in bag:
            counts[i, vocabulary[word]] += 1
    tfidf = counts * np.log((1 + len(texts)) / (1 + (counts > 0).sum(axis=0)))
    tfidf /= np.maximum(np.linalg.norm(tfidf, axis=1, keepdims=True), 1e-9)
    similar = tfidf @ tfidf.T + 1e-9
    step = similar / similar.sum(axis=1, keepdims=True)
    rank = np.full(len(texts), 1 / len(texts))
    for _ in range(40):
        rank = 0.15 / len(texts) + 0.85 * step.T @ rank
    scaled: NDArray[np.float64] = rank / rank.max()
    return scaled
