"""Cuts a narration into beats: each is what is said during one picture, at most four seconds long."""

from __future__ import annotations

import math
from collections.abc import Sequence, Set
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from gt_consumer.studio.script.model import Line, continues
from gt_consumer.studio.sound.narration import Narration, TimedWord, Utterance

LONGEST_S: Final = 3.9
TITLE_S: Final = 2.0
"""How long the title card stays."""
_BEST_S: Final = 2.9
_SHORT_S: Final = 1.3
_LEAST_S: Final = 0.9
_BEFORE_WORD_S: Final = 0.05
_AT_PAUSE_S: Final = 0.6  # by how much a cut moves to come after a comma
_LAST_WORD_STAYS_S: Final = 0.35


@dataclass(frozen=True)
class Beat:
    """What is said during one picture.

    Parameters:
        start, end: in seconds
        words: those that begin within it
        spoken: those of them that the line's speaker says
        line: the script's line; None for the title
        part: 0 for the first beat of its line, 1 for the second …
        ends: whether the line ends with it
    """

    start: float
    end: float
    words: tuple[TimedWord, ...]
    spoken: tuple[TimedWord, ...]
    line: Line | None
    part: int = 0
    ends: bool = True

    @property
    def seconds(self) -> float:
        """Return the length in seconds."""
        return self.end - self.start

    @property
    def speech(self) -> str:
        """Return what the line's speaker says."""
        return " ".join(word.text for word in self.spoken)

    @property
    def text(self) -> str:
        """Return what is said."""
        return " ".join(word.text for word in self.words)


def cut_beats(narration: Narration) -> tuple[list[Beat], float]:
    """Cut a narration into beats; return them with the time at which the last one ends."""
    groups = _groups(narration.utterances)
    last = min(narration.seconds, groups[-1][-1].end + _LAST_WORD_STAYS_S)
    starts = [0.0, *(group[0].start - _BEFORE_WORD_S for group in groups[1:]), last]
    beats: list[Beat] = []
    for group, (start, end) in zip(groups, pairwise(starts), strict=True):
        lead = max(group, key=lambda u: (u.quoted, u.end - u.start))
        words = [word for u in group for word in u.words]
        spoken = {word for u in group if u.quoted for word in u.words}
        beats += _cut(lead.line, words, spoken, start, end)
    return beats, last


def _groups(said: Sequence[Utterance]) -> list[list[Utterance]]:
    """Join what is too short for a picture of its own: `he said` with its quote, short lines together."""
    groups: list[list[Utterance]] = []
    for utterance in said:
        if groups and _joins(groups[-1], utterance):
            groups[-1].append(utterance)
        else:
            groups.append([utterance])
    return groups


def _joins(group: Sequence[Utterance], following: Utterance) -> bool:
    before, line = group[-1].line, following.line
    if before is None or line is None or following.end - group[0].start > LONGEST_S:
        return False
    short = following.end - following.start < _SHORT_S or group[-1].end - group[0].start < _SHORT_S
    quoted = [u.line.speaker for u in (*group, following) if u.quoted and u.line]
    if len(set(quoted)) > 1 or (len(quoted) > 1 and not short):
        return False
    if before.place != line.place and not continues(before, line):
        return False
    return short


def _cut(
    line: Line | None, words: Sequence[TimedWord], spoken: Set[TimedWord], start: float, end: float
) -> list[Beat]:
    """Cut what is said into beats of about the same length, preferably after punctuation."""
    times = _title_cuts(words, start, end) if line is None else _cuts(words, start, end)
    beats = []
    for part, (begin, until) in enumerate(pairwise((start, *times, end))):
        inside = tuple(w for w in words if begin <= w.start + _BEFORE_WORD_S < until)
        said = tuple(w for w in inside if w in spoken)
        beats.append(Beat(begin, until, inside, said, line, part, part == len(times)))
    return beats


def _title_cuts(words: Sequence[TimedWord], start: float, end: float) -> list[float]:
    """Return the times of pictures under a title: its card leaves after two seconds."""
    if end - start <= TITLE_S + _LEAST_S:
        return []
    return [start + TITLE_S, *_cuts([w for w in words if w.start > TITLE_S], start + TITLE_S, end)]


def _cuts(words: Sequence[TimedWord], start: float, end: float) -> list[float]:
    count = max(1, round((end - start) / _BEST_S), math.ceil((end - start) / LONGEST_S))
    times: list[float] = []
    for k in range(1, count):
        begin = times[-1] if times else start
        left = count - k
        # So late that the rest is not too long for its pictures, so early that this one is not.
        low, high = (
            max(begin + _LEAST_S, end - left * LONGEST_S),
            min(begin + LONGEST_S, end - left * _LEAST_S),
        )
        ideal = min(max(begin + (end - begin) / (left + 1), low), high)
        times.append(_near(words, ideal, low, high))
    return times


def _near(words: Sequence[TimedWord], ideal: float, low: float, high: float) -> float:
    """Return a time for a cut: before a word, preferably one after punctuation."""
    best, least = ideal, math.inf
    for before, word in pairwise(words):
        at = word.start - _BEFORE_WORD_S
        if low <= at <= high:
            far = abs(at - ideal) - (_AT_PAUSE_S if before.text[-1:] in '.,;:!?…"' else 0)
            if far < least:
                best, least = at, far
    return best
