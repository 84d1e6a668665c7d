"""Speaks a script and lays the clips on the video's clock; the sound is what everything else keeps to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gt_common.errors import PermanentError
from gt_consumer.studio.picture.captions import CaptionWord
from gt_consumer.studio.text.dialogue import NARRATOR, Segment
from gt_consumer.studio.text.script import Line, Script

if TYPE_CHECKING:
    from gt_consumer.studio.sound.voice import Samples, Voice

LEAD_S, TAIL_S = 0.15, 1.1
_PAUSES = {"segment": 0.1, "sentence": 0.22, "paragraph": 0.34, "title": 0.5}


@dataclass(frozen=True)
class Utterance:
    """Words of one voice on the video's clock, in seconds.

    Parameters:
        line: the script's line, None for the title
        segment: the part of the line
        words: as they are shown, with their times
    """

    line: Line | None
    segment: Segment
    words: tuple[CaptionWord, ...]
    start: float
    end: float


@dataclass(frozen=True)
class Narration:
    """All that is said: the sound's parts with their starts, and the length of the whole in seconds."""

    utterances: tuple[Utterance, ...]
    placed: tuple[tuple[float, Samples], ...]
    seconds: float


def narrate(
    script: Script, voice: Voice, speed: float, seed: int, progress: Callable[[float], None]
) -> Narration:
    """Speak a script.

    Parameters:
        progress: told how much is done, 0 to 1

    Raises:
        PermanentError: the voice can read none of it
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
            words += [CaptionWord(w.text, now + w.start, now + w.end, loud) for w in clip.words]
            now += clip.duration
        if words:
            utterances.append(Utterance(line_of, segment, tuple(words), begin, now))
            now += _PAUSES[pause]
        progress((number + 1) / len(parts))
    if not utterances:
        raise PermanentError("the voice can read none of the story's words; it reads English only")
    return Narration(tuple(utterances), tuple(placed), utterances[-1].end + TAIL_S)


def is_narrator(utterance: Utterance) -> bool:
    """Tell the narrator's own words from those of others."""
    return utterance.segment.speaker == NARRATOR
