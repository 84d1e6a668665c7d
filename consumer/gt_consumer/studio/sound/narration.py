"""Speaks a script and places the clips on the video's timeline, to which pictures and captions keep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gt_common.errors import PermanentError
from gt_consumer.studio.script.model import Line, Script, continues

if TYPE_CHECKING:
    from gt_consumer.studio.sound.engines import Voices
    from gt_consumer.studio.sound.speech import Samples

LEAD_S, TAIL_S = 0.15, 3.2  # the end card stays for the tail
# The story gains speed until the climax and takes its time at the end; sorrow is slower than anger.
_PACE_OF_ACT = {"hook": 1.03, "build": 1.0, "crisis": 1.02, "climax": 1.05, "resolution": 0.97}
_PACE_OF_MOOD = {"sad": 0.95, "serious": 0.98, "angry": 1.03, "shout": 1.04, "worried": 1.02}
_LEAST_PACE, _MOST_PACE = 0.8, 1.5
_WITHIN_SENTENCE_S, _SENTENCE_S, _ACT_S, _TITLE_S = 0.1, 0.22, 0.34, 0.5


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
        words: as they are shown, with their times
    """

    line: Line | None
    words: tuple[TimedWord, ...]
    start: float
    end: float

    @property
    def quoted(self) -> bool:
        """Whether a person within the story says it."""
        return self.line is not None and self.line.is_speech


@dataclass(frozen=True)
class Narration:
    """Everything that is said: the clips with their start times, and the total length in seconds."""

    utterances: tuple[Utterance, ...]
    placed: tuple[tuple[float, Samples], ...]
    seconds: float


def narrate(
    script: Script, voices: Voices, speed: float, seed: int, progress: Callable[[float], None]
) -> Narration:
    """Speak a script.

    Parameters:
        progress: called with the share that is done, 0 to 1

    Raises:
        PermanentError: the voice cannot read any of it
    """
    now = LEAD_S
    utterances: list[Utterance] = []
    placed: list[tuple[float, Samples]] = []
    lines = (None, *script.lines)
    for number, (line, following) in enumerate(zip(lines, (*script.lines, None), strict=True)):
        person = script.member(line.speaker) if line else script.narrator
        loud = line is not None and line.is_speech and line.mood == "shout"
        begin, words = now, []
        for clip in voices.say(
            line.text if line else script.title, person, pace_of(line, speed), (seed, number)
        ):
            placed.append((now, clip.samples))
            words += [TimedWord(w.text, now + w.start, now + w.end, loud) for w in clip.words]
            now += clip.duration
        if words:
            utterances.append(Utterance(line, tuple(words), begin, now))
            now += pause_after(line, following)
        progress((number + 1) / len(lines))
    if not utterances:
        raise PermanentError("the voice cannot read any word of the story; it reads English only")
    return Narration(tuple(utterances), tuple(placed), utterances[-1].end + TAIL_S)


def pause_after(line: Line | None, following: Line | None) -> float:
    """Return the seconds of silence after a line, None being the title."""
    if line is None or following is None:
        return _TITLE_S
    if continues(line, following):
        return _WITHIN_SENTENCE_S
    return _SENTENCE_S if following.act == line.act else _ACT_S


def pace_of(line: Line | None, speed: float) -> float:
    """Return the pace of a line by its act and mood, None being the title."""
    if line is None:
        return speed
    pace = speed * _PACE_OF_ACT[line.act] * _PACE_OF_MOOD.get(line.mood, 1.0)
    return min(max(pace, _LEAST_PACE), _MOST_PACE)
