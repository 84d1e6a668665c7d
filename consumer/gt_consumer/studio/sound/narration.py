"""Speaks a script and places the clips on the video's timeline, to which pictures and captions keep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gt_common.errors import PermanentError
from gt_consumer.studio.text.dialogue import Segment
from gt_consumer.studio.text.script import Line, Script

if TYPE_CHECKING:
    from gt_consumer.studio.sound.voice import Samples, Voice

LEAD_S, TAIL_S = 0.15, 1.1
_PAUSES = {"segment": 0.1, "sentence": 0.22, "paragraph": 0.34, "title": 0.5}


@dataclass(frozen=True)
class TimedWord:
    """A word as captions show it, with its times on the video's timeline in seconds; `loud` if shouted."""

    text: str
    start: float
    end: float
    loud: bool = False


@dataclass(frozen=True)
class Utterance:
    """Words that one voice says without a pause, with their times in the video in seconds.

    Parameters:
        line: the script's line, None for the title
        segment: the part of the line
        words: as they are shown, with their times
    """

    line: Line | None
    segment: Segment
    words: tuple[TimedWord, ...]
    start: float
    end: float


@dataclass(frozen=True)
class Narration:
    """Everything that is said: the clips with their start times, and the total length in seconds."""

    utterances: tuple[Utterance, ...]
    placed: tuple[tuple[float, Samples], ...]
    seconds: float


def narrate(
    script: Script, voice: Voice, speed: float, seed: int, progress: Callable[[float], None]
) -> Narration:
    """Speak a script.

    Parameters:
        progress: called with the share that is done, 0 to 1

    Raises:
        PermanentError: the voice cannot read any of it
    """
    parts: list[tuple[Line | None, Segment, str]] = [(None, Segment(script.title), "title")]
    for n, line in enumerate(script.lines):
        after = "paragraph" if n + 1 < len(script.lines) and script.lines[n + 1].opens else "sentence"
        parts += [(line, s, after if s is line.segments[-1] else "segment") for s in line.segments]
    now = LEAD_S
    utterances: list[Utterance] = []
    placed: list[tuple[float, Samples]] = []
    for number, (line_of, segment, pause) in enumerate(parts):
        person = script.persons[segment.speaker]
        begin, words = now, []
        for clip in voice.say(segment.text, person, speed, (seed, number)):
            placed.append((now, clip.samples))
            loud = segment.quote and line_of is not None and line_of.mood == "shout"
            words += [TimedWord(w.text, now + w.start, now + w.end, loud) for w in clip.words]
            now += clip.duration
        if words:
            utterances.append(Utterance(line_of, segment, tuple(words), begin, now))
            now += _PAUSES[pause]
        progress((number + 1) / len(parts))
    if not utterances:
        raise PermanentError("the voice cannot read any word of the story; it reads English only")
    return Narration(tuple(utterances), tuple(placed), utterances[-1].end + TAIL_S)
