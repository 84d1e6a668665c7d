"""About when each word will be said, without speaking any: for a look at the pictures in seconds."""

from __future__ import annotations

from gt_consumer.studio.script.model import Script
from gt_consumer.studio.sound.narration import (
    LEAD_S,
    TAIL_S,
    Narration,
    TimedWord,
    Utterance,
    pace_of,
    pause_after,
)
from gt_consumer.studio.sound.speech import spread, weight_of

_SECONDS_PER_LETTER = 0.054  # at the normal pace; the median of the examples


def estimate(script: Script, speed: float) -> Narration:
    """Return the narration of a script with estimated times and without sound."""
    now = LEAD_S
    said: list[Utterance] = []
    lines = (None, *script.lines)
    for line, following in zip(lines, (*script.lines, None), strict=True):
        words = (line.text if line else script.title).split()
        end = now + sum(map(weight_of, words)) * _SECONDS_PER_LETTER / pace_of(line, speed)
        loud = line is not None and line.is_speech and line.mood == "shout"
        timed = tuple(TimedWord(w.text, w.start, w.end, loud) for w in spread(words, now, end))
        said.append(Utterance(line, timed, now, end))
        now = end + pause_after(line, following)
    return Narration(tuple(said), (), said[-1].end + TAIL_S)
