"""Shots fill the whole video, at a steady pace."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gt_consumer.studio.picture.backgrounds import PLACES, place_of
from gt_consumer.studio.picture.shots import plan_shots
from gt_consumer.studio.sound.narration import TAIL_S, Narration, TimedWord, Utterance
from gt_consumer.studio.text.dialogue import Segment
from gt_consumer.studio.text.mood import MOODS, mood_of
from gt_consumer.studio.text.script import Line


def _narration(*texts: tuple[str, str]) -> Narration:
    now = 0.15
    spoken: list[Utterance] = []
    for text, speaker in [("The title of it all", "narrator"), *texts]:
        segment = Segment(text, speaker, speaker != "narrator")
        line = Line(text, (segment,), "build", mood_of(text), (), False) if spoken else None
        words = tuple(TimedWord(w, now + n * 0.3, now + n * 0.3 + 0.28) for n, w in enumerate(text.split()))
        spoken.append(Utterance(line, segment, words, now, words[-1].end))
        now = words[-1].end + 0.25
    return Narration(tuple(spoken), ((0.0, np.zeros(10, np.float32)),), spoken[-1].end + TAIL_S)


def test_shots_fill_the_video_without_gaps() -> None:
    long = "I walked home and I thought about it, and then I walked back again, "
    long += "because somebody had to do it, after all of this"
    narration = _narration(
        (long, "narrator"),
        ("You owe me this house!", "sister"),
        ("I left.", "narrator"),
        ("It rained.", "narrator"),
    )
    shots = plan_shots(narration, "The title of it all", 1)
    assert shots[0].start == 0
    assert shots[-1].end == narration.seconds
    assert all(a.end == b.start for a, b in itertools.pairwise(shots))
    assert all(0.9 < s.end - s.start <= 5.6 for s in shots)
    assert shots[0].title == "The title of it all"
    quote = next(s for s in shots if s.bubble)
    assert (quote.subject, quote.bubble) == ("sister", "You owe me this house!")
    assert quote.speech[0].start == narration.utterances[2].words[0].start
    assert len(shots) >= 5


def test_places_follow_the_words_and_stay() -> None:
    assert place_of("He opened the fridge.", "room") == "kitchen"
    assert place_of("He thought about it.", "street") == "street"
    assert {
        place_of(t, "room") for t in ("My boss called a meeting", "a wedding", "in the park", "she texted me")
    } <= set(PLACES)


@pytest.mark.parametrize(
    ("text", "mood"),
    [
        ("GET OUT NOW!", "shout"),
        ("He was furious.", "angry"),
        ("She started to cry.", "sad"),
        ("My jaw dropped.", "shock"),
        ("We laughed all night.", "happy"),
        ("The door is blue.", "neutral"),
    ],
)
def test_moods_follow_the_words(text: str, mood: str) -> None:
    assert mood_of(text) == mood
    assert mood in MOODS
