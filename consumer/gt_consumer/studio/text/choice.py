"""Chooses the sentences to tell within a number of words, so that the ending can still be understood.

A sentence brings along what it leans on (the sentence before "Not me.", a question of its answer); first
mentions of people and things gain weight as soon as a later sentence that mentions them is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from gt_consumer.studio.script.words import ACTS
from gt_consumer.studio.text.people import SAID
from gt_consumer.studio.text.weights import act_of_each, stems, weights_of

_T = TypeVar("_T")
SHARES: Final = dict(zip(ACTS, (0.14, 0.28, 0.2, 0.22, 0.16), strict=True))
SHARES_LONG: Final = dict(zip(ACTS, (0.14, 0.2, 0.16, 0.34, 0.16), strict=True))
_ENDING_SHARE: Final = 0.2
_VERDICT: Final = re.compile(r"\b(?:AITA|WIBTA|AITAH|the asshole|am I wrong|was I wrong)\b", re.IGNORECASE)
_LEANS: Final = re.compile(
    r"^(?:\"?(?:it|that|this|these|those|they|them|which|so|and|or|nope|yes|no|neither|not|nothing|none|"
    r"both|only|"
    r"(?:then|but) (?:he|she|it|they)|twice|once|instead|except|otherwise|behind|beside|inside|under|on "
    r"it)\b)",
    re.IGNORECASE,
)
_ANAPHORA: Final = re.compile(
    r"\b(?:it|them|that|this|one|both|those|there)\b"
    r"(?! (?:was|is|were) (?!in\b|on\b|at\b|under\b|gone\b|mine\b)\w)",
    re.IGNORECASE,
)
_IT_ACTS: Final = re.compile(r"it (?:had|has|came|went|grew|took|would|did)\b", re.IGNORECASE)
_NOUN: Final = re.compile(
    r"\b(?:the|that|this|those|these|his|her|its|their|my|our)\s+((?:[^\W\d_]+[-\s]){0,2}[^\W\d_]+)",
    re.IGNORECASE,
)
_LONG: Final = 4.0  # times the words that may be told
_PAUSE, _PAUSE_LONG = 9, 25  # words that a sentence costs besides its own: long stories are told in long ones
_OF_LONG: Final = 0.15
_ALONE: Final = 7  # words
_THE: Final = re.compile(r"\b[Tt]he ([a-z]{4,})\b")
_INTRODUCED: Final = 0.6  # what a sentence is worth besides its own weight if a later one needs it
_IN_GAP, _GAP = 0.3, 4  # sentences
_ADJACENT, _INTRODUCES, _INTRODUCES_ENDING = 0.2, 0.35, 0.6


@dataclass(frozen=True)
class Material:
    """What is chosen from.

    Parameters:
        texts: the sentences
        opens: whether each begins a paragraph
        people: whom each mentions
        tellable: whether each belongs to the story
        counts: words that each takes
    """

    title: str
    texts: Sequence[str]
    opens: Sequence[bool]
    people: Sequence[Sequence[int]]
    tellable: Sequence[bool]
    counts: Sequence[int]


def choose(material: Material, budget: int) -> tuple[set[int], list[str]]:
    """Return the indices of the sentences to tell, at least one, and the act of every sentence."""
    texts = material.texts
    acts = act_of_each(texts)
    counts = material.counts
    free = {i for i in range(len(texts)) if material.tellable[i]} or set(range(len(texts)))
    if sum(counts[i] for i in free) <= budget:
        return free, acts
    choice = _Choice(material, acts, counts, free, budget)
    choice.take_ending()
    choice.take_beginning()
    choice.fill()
    choice.introduce()
    return choice.kept or {min(free, key=lambda i: counts[i])}, acts


class _Choice:
    def __init__(
        self, material: Material, acts: Sequence[str], counts: Sequence[int], free: set[int], budget: int
    ) -> None:
        self.material, self.acts, self.counts, self.free, self.budget = material, acts, counts, free, budget
        self.long = sum(counts[i] for i in free) > _LONG * budget
        self.weights = weights_of(material.texts, acts, material.title, long=self.long)
        self.kept: set[int] = set()
        self.told = 0
        self.in_act = dict.fromkeys(ACTS, 0)
        self.first_of_person = _firsts(material.people)
        bags = [stems(text) for text in material.texts]
        self.first_of_word = _firsts(bags)
        self.things = [_things(text) for text in material.texts]
        self.ending: set[int] = set()

    def take(self, group: Sequence[int]) -> bool:
        """Keep sentences if they fit."""
        new = [i for i in group if i not in self.kept]
        cost = sum(self.counts[i] for i in new)
        if not new or self.told + cost > self.budget:
            return False
        self.kept.update(new)
        self.told += cost
        for i in new:
            self.in_act[self.acts[i]] += self.counts[i]
        return True

    def take_ending(self) -> None:
        """Keep the last sentences: how it ended, and the verdict that is asked for."""
        texts = self.material.texts
        last = [i for i in sorted(self.free, reverse=True) if self.counts[i] <= self.budget // 2]
        spent = 0
        for i in last:
            group = self.group(i)
            cost = sum(self.counts[j] for j in group if j not in self.kept)
            if spent and spent + cost > _ENDING_SHARE * self.budget:
                break
            if self.take(group):
                spent += cost
            if spent > _ENDING_SHARE * self.budget * 0.7 and not _VERDICT.search(texts[i]):
                break
        self.ending = set(self.kept)

    def take_beginning(self) -> None:
        """Keep the sentence with which the story begins."""
        for i in sorted(self.free)[:3]:
            if self.counts[i] <= 0.3 * self.budget and self.take(self.group(i)):
                return

    def fill(self) -> None:
        """Keep what is worth most for its words, again and again, until nothing fits."""
        groups = {i: self.group(i) for i in self.free - self.kept}
        while groups:
            gains = self._gains()
            best = max(groups, key=lambda i: (self._worth(groups[i], gains), -i))
            if not self.take(groups[best]):
                left = self.budget - self.told
                groups = {
                    i: g
                    for i, g in groups.items()
                    if i != best and sum(self.counts[j] for j in g if j not in self.kept) <= left
                }
            groups = {i: g for i, g in groups.items() if i not in self.kept}

    def introduce(self) -> None:
        """Add the sentence that says who "the cyclist" is in place of what is worth least."""
        for i in sorted(self.kept):
            for first in sorted(self._introducing(i) - self.kept) if i in self.kept else ():
                spare = self._least(self.counts[first] - (self.budget - self.told), {first, i})
                worth = self.weights[first] + _INTRODUCED
                if spare is not None and sum(self.weights[k] for k in spare) < worth:
                    self.kept -= spare
                    self.told -= sum(self.counts[k] for k in spare)
                    self.take([first])

    def _introducing(self, i: int) -> set[int]:
        """Return the sentences in which "a cyclist" is what a sentence calls "the cyclist"."""
        found: set[int] = set()
        for noun in _THE.findall(re.sub(r'"[^"]*"', "", self.material.texts[i])):
            first = next(
                (n for n, text in enumerate(self.material.texts[:i]) if re.search(rf"\b{noun}\b", text)), None
            )
            if first in self.free and re.search(rf"\ban? (?:\w+ )?{noun}\b", self.material.texts[first or 0]):
                found.add(first or 0)
        return found

    def _least(self, words: int, without: set[int]) -> set[int] | None:
        """Return told sentences of the least worth with so many words; None if there are not enough."""
        fixed = self.ending | without | {min(self.kept), *(k - 1 for k in self.kept if self._leans(k))}
        free = sorted(self.kept - fixed, key=lambda k: (self.weights[k] / self.counts[k], k))
        chosen: set[int] = set()
        for k in free:
            if words <= sum(self.counts[n] for n in chosen):
                break
            chosen.add(k)
        return chosen if words <= sum(self.counts[n] for n in chosen) else None

    def _gains(self) -> Mapping[int, float]:
        """Return what each sentence gains because it introduces a person or a thing of the kept ones."""
        gains: dict[int, float] = {}
        for i in self.kept:
            more = _INTRODUCES_ENDING if i in self.ending else _INTRODUCES
            more *= _OF_LONG if self.long else 1  # it has more people and things than words to tell of them
            firsts = {self.first_of_person[p] for p in self.material.people[i]}
            firsts |= {self.first_of_word[s] for s in self.things[i] if s in self.first_of_word}
            for first in firsts - self.kept:
                if first < i:
                    gains[first] = gains.get(first, 0.0) + more
        return gains

    def _worth(self, group: Sequence[int], gains: Mapping[int, float]) -> float:
        new = [i for i in group if i not in self.kept]
        cost = sum(self.counts[i] for i in new)
        if not new or self.told + cost > self.budget:
            return -1.0
        worth = 0.0
        for i in new:
            near = (i - 1 in self.kept) + (i + 1 in self.kept)
            gap = self._gap(i)
            act = self.acts[i]
            full = self.in_act[act] / max(1.0, (SHARES_LONG if self.long else SHARES)[act] * self.budget)
            scale = 1.35 if full < 0.8 else 1.0 if full < 1.2 else 0.55
            if self.long:
                # Once for all of a group: else a talk of many short lines wins over the one that decides.
                near, gap = (near, gap) if i == new[0] else (0, 0.0)
            worth += (self.weights[i] + gains.get(i, 0.0) + _ADJACENT * near + gap) * scale
        return worth / (cost + (_PAUSE_LONG if self.long else _PAUSE))

    def _gap(self, i: int) -> float:
        """Return what a sentence gains in the middle of a part of the story that is not told yet."""
        before = next((k for k in range(i - 1, max(-1, i - _GAP), -1) if k in self.kept), None)
        after = next((k for k in range(i + 1, i + _GAP) if k in self.kept), None)
        return 0.0 if before is not None or after is not None else _IN_GAP

    def group(self, i: int) -> list[int]:
        """Return a sentence with what it leans on, and the answer of a question."""
        group = [i]
        while group[0] > 0 and len(group) < 4 and group[0] - 1 in self.free and self._leans(group[0]):
            group.insert(0, group[0] - 1)
        while (
            group[-1] + 1 < len(self.counts)
            and len(group) < 5
            and group[-1] + 1 in self.free
            and self._goes_on(group[-1])
            and not (self.long and self.counts[group[-1] + 1] >= _ALONE and not self._asks(group[-1]))
        ):
            group.append(group[-1] + 1)
        return group

    def _leans(self, i: int) -> bool:
        text = self.material.texts[i]
        if _LEANS.match(text) or (self.counts[i] <= 3 and '"' not in text):
            return True
        # Of a long speech that is read aloud or made, one sentence may be told by itself.
        in_speech = self.long and self.counts[i] >= _ALONE and not self._asks(i - 1)
        if self._goes_on(i - 1) and not in_speech:
            return True
        told = re.sub(r'"[^"]*"', "", text)
        match = _ANAPHORA.search(told)
        if match is None or len(told[: match.start()].split()) > 4:
            return False
        # A paragraph rarely leans on the one before, but "By the next spring it had come up" does.
        return not self.material.opens[i] or bool(_IT_ACTS.match(told[match.start() :]))

    def _asks(self, i: int) -> bool:
        return self.material.texts[i].rstrip('"').endswith(("?", ":"))

    def _goes_on(self, i: int) -> bool:
        """Whether the speech of a sentence goes on in the next one, or is answered by it."""
        texts, following = self.material.texts, self.material.texts[i + 1]
        if texts[i].rstrip().endswith((":", "one question.")):
            return True
        if not following.startswith('"'):
            return bool(re.search(r'\?"?$', texts[i])) and '"' in texts[i] and '"' in following
        return (
            ('"' in texts[i] and not self.material.opens[i + 1])
            or '?"' in texts[i]
            or bool(_ASKED.search(texts[i]))
        )


_ASKED: Final = re.compile(rf"\b(?:{'|'.join(sorted(SAID))})\s*[,:]?$")


def _firsts(bags: Sequence[Iterable[_T]]) -> dict[_T, int]:
    firsts: dict[_T, int] = {}
    for i, bag in enumerate(bags):
        for item in bag:
            firsts.setdefault(item, i)
    return firsts


def _things(text: str) -> set[str]:
    """Return the words of a sentence that point back: "the ladder", "that letter", "my ring", and numbers."""
    found: set[str] = set()
    for match in _NOUN.finditer(re.sub(r'"[^"]*"', "", text)):
        found |= stems(match.group(1))
    return found | {s for s in stems(text) if s[:1].isdigit() or s.startswith("$")}
