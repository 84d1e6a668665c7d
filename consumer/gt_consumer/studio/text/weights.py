"""How much each sentence of a story is worth telling."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from gt_consumer.studio.script.model import count_words
from gt_consumer.studio.script.words import ACTS
from gt_consumer.studio.text.mood import compound

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_RANKED: Final = 2000
"""Sentences that are compared with each other."""
_ENDING: Final = 0.16
_TOWARDS: Final = 0.4
_TURN: Final = re.compile(
    r"\b(?:but|until|suddenly|then|finally|turns out|turned out|however|instead|that's when|found out|"
    r"realized|"
    r"the next (?:day|morning|spring|summer)|(?:days|weeks|months|years) later|by the (?:next )?\w+|"
    r"because|so I)\b",
    re.IGNORECASE,
)
_FACT: Final = re.compile(
    r"\$?\d[\d,]*|\b(?:left me|owns?|owed?|paid|promised|married|divorc\w+|fired|stole|refused|inherit\w+|"
    r"cancel\w*|invited|signed)\b",
    re.IGNORECASE,
)
_STRONG: Final = re.compile(
    r"\b(?:left me|goes to (?:me|him|her|us|them)|died|passed away|inherit\w*|owed?|stole|fired|pregnant|"
    r"cheat\w*|sold|gone)\b",
    re.IGNORECASE,
)
_I_ACT: Final = re.compile(
    r"(?:^|, and |; |^(?:So|Then|Instead|And|But) )I (?:\w+ly )?(?!was|had|am|have|said|asked|thought|"
    r"knew|felt|could|would|did)"
    r"(?:[a-z]+ed|took|told|gave|put|went|left|sent|made|wrote|set|got|sold|bought|drove|found|cut|"
    r"threw|read|paid|hid)\b"
)
_DECISIVE: Final = frozenset({"crisis", "climax"})
_COMMON: Final = frozenset(
    """
    the and was for that with had she her his him they them this have not but you are who when what
    there were from would said did one all out then just been about into could like because after
    back before will your can our more some only other time over know told asked didn't don't it's
    i'm i'd than their its very even down too how never again still off got get went came made make
    put day last first two way thing things really now has where which while also looked look says
    say take took see saw going want wanted think thought""".split()
)


def stems(text: str) -> set[str]:
    """Return the words of a text that carry meaning, without their endings."""
    words = re.findall(r"[^\W\d_]{3,}(?:['’][^\W\d_]+)?|\$?\d[\d,.]*\d|\d", text.lower())
    return {_stem(word) for word in words if word not in _COMMON}


def _stem(word: str) -> str:
    word = re.sub(r"['’]s$", "", word)
    for ending in ("ingly", "edly", "ings", "ing", "ies", "ied", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)] + ("y" if ending in {"ies", "ied"} else "")
    return word


def act_of_each(texts: Sequence[str]) -> list[str]:
    """Return the act of each sentence; the climax is the peak of intensity within 55 to 92 % of the story."""
    import numpy as np

    n = len(texts)
    heat = np.array([abs(compound(t)) + 0.3 * t.count("!") + 0.2 * ('"' in t) for t in texts])
    smooth = np.convolve(np.pad(heat, 2, mode="edge"), np.ones(5) / 5, mode="valid")
    words = np.cumsum([count_words([t]) for t in texts], dtype=float)
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


def weights_of(
    texts: Sequence[str], acts: Sequence[str], title: str = "", *, long: bool = False
) -> list[float]:
    """Return the weight of each sentence: what happens in it, and how much of the ending rests on it.

    Parameters:
        long: only a small part of the story can be told, so that talk by the way and what is said again and
            again has to give place to what leads to the ending
    """
    central = _lexrank(texts)
    leading = _leading(texts) if long else None
    needed = _words_of_the_ending(texts, title)
    most = max((sum(needed.get(s, 0.0) for s in stems(t)) for t in texts), default=0.0) or 1.0
    named: set[str] = set()
    motifs = _motifs(texts)
    first_motif = min(motifs, default=-1)
    weights = []
    for i, text in enumerate(texts):
        names = set(re.findall(r"(?<=[a-z,] )[A-Z][a-z]{2,}", text)) - named
        named |= names
        says = min(1.0, 0.25 + 0.25 * len(stems(text)))  # "Who?" and "That was true." say little
        if leading is not None:
            says **= 2
        weights.append(
            (0.15 if leading is None else 0.8 * leading[i])
            + 0.3 * abs(compound(text))
            + 0.12 * ('"' in text) * says
            + 0.3 * bool(_I_ACT.search(text)) * (acts[i] in _DECISIVE)
            + 0.2 * bool(_TURN.search(text))
            + 0.3 * central[i] * says
            + 0.25 * bool(_FACT.search(text))
            + (0.5 if leading is None else 1.0) * bool(_STRONG.search(text))
            + 0.3 * bool(names)
            + 0.9 * sum(needed.get(s, 0.0) for s in stems(text)) / most
            + (0.8 if leading is None or i == first_motif else 0.2) * (i in motifs)
            + (0.8 if i == 0 else 0.4 if i == len(texts) - 1 else 0)
        )
    return weights


def _motifs(texts: Sequence[str]) -> set[int]:
    """Return the first two and the last two sentences with words that are said again and again."""
    places: dict[str, list[int]] = {}
    for i, text in enumerate(texts):
        for quote in re.findall(r'"([^"]{8,80})"', text):
            places.setdefault(re.sub(r"\W+", " ", quote).strip().lower(), []).append(i)
    return {i for found in places.values() if len(found) > 2 for i in (*found[:2], *found[-2:])}


def _words_of_the_ending(texts: Sequence[str], title: str) -> dict[str, float]:
    """Return the rare words of title and ending with their weight: what explains them has them, too."""
    bags = [stems(text) for text in texts]
    count = Counter(stem for bag in bags for stem in bag)
    total = sum(count_words([t]) for t in texts)
    told, ending = 0, stems(title)
    for text, bag in zip(reversed(texts), reversed(bags), strict=True):
        if told > _ENDING * total:
            break
        told += count_words([text])
        ending |= bag
    return {s: 1.0 / count[s] ** 0.5 for s in ending if 1 < count[s] <= max(4, len(texts) // 8)}


def _last_part(texts: Sequence[str]) -> list[int]:
    """Return the sentences of the ending."""
    total, told = sum(count_words([t]) for t in texts), 0
    for i in range(len(texts) - 1, -1, -1):
        told += count_words([texts[i]])
        if told > _ENDING * total:
            return list(range(i, len(texts)))
    return list(range(len(texts)))


def _leading(texts: Sequence[str]) -> NDArray[np.float64]:
    """Return how much each sentence has to do with the ending, 0 to 1; those of the ending itself 0.4."""
    last = _last_part(texts)
    rank = _lexrank(texts, last)
    rank[last] = 0.0
    rank /= rank.max() or 1.0
    rank[last] = 0.4
    return rank


def _lexrank(texts: Sequence[str], towards: Sequence[int] = ()) -> NDArray[np.float64]:
    """Return how central each sentence is, 0 to 1 (Erkan and Radev 2004, continuous LexRank).

    Parameters:
        towards: sentences about which the others have to be (Otterbacher, Erkan and Radev 2009); all if empty
    """
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
    start, strength = np.full(len(texts), 1 / len(texts)), 0.15
    if towards:
        start, strength = np.zeros(len(texts)), _TOWARDS
        start[list(towards)] = 1 / len(towards)
    for _ in range(40):
        rank = strength * start + (1 - strength) * step.T @ rank
    scaled: NDArray[np.float64] = rank / rank.max()
    return scaled
