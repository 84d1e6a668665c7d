"""The voice itself: the bundled model, offline."""

from __future__ import annotations

import socket

import numpy as np
import pytest

from gt_common.errors import PermanentError
from gt_consumer.studio.sound.voice import MAX_CLIP_WORDS, RATE, Voice, voice
from gt_consumer.studio.text.dialogue import NARRATOR, Person

NARRATES = Person(NARRATOR, "f", "adult")
FATHER = Person("father", "m", "elder")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the voice opened the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def _pitch(samples: np.ndarray[tuple[int], np.dtype[np.float32]]) -> float:
    """Return the median pitch in Hz by autocorrelation of the loud frames."""
    found = []
    for at in range(0, len(samples) - 2400, 1200):
        frame = samples[at : at + 2400] - samples[at : at + 2400].mean()
        if np.abs(frame).max() < 0.08:
            continue
        same = np.correlate(frame, frame, "full")[2399:]
        low, high = RATE // 320, RATE // 70
        found.append(RATE / (low + int(same[low:high].argmax())))
    return float(np.median(found))


def test_words_are_timed_in_order_and_within_the_clip() -> None:
    (clip,) = voice("heart").say(
        "I (28F) said no. AITA for keeping my $40,000, or not?", NARRATES, 1.15, (1, 0)
    )
    assert [w.text for w in clip.words] == [
        "I",
        "(28F)",
        "said",
        "no.",
        "AITA",
        "for",
        "keeping",
        "my",
        "$40,000,",
        "or",
        "not?",
    ]
    starts = [w.start for w in clip.words]
    assert starts == sorted(starts)
    assert all(0 <= w.start < w.end <= clip.duration for w in clip.words)
    first, last = clip.words[0], clip.words[-1]
    assert first.start < 0.1
    assert clip.duration - last.end < 0.1


def test_the_sound_is_loud_where_words_are() -> None:
    (clip,) = voice("heart").say("Nobody argued.", NARRATES, 1.0, (1, 0))
    for word in clip.words:
        part = clip.samples[int(word.start * RATE) : int(word.end * RATE)]
        assert float(np.sqrt((part**2).mean())) > 0.01


def test_the_same_seed_gives_the_same_samples() -> None:
    once, again, other = (
        voice("heart").say("Hello there.", NARRATES, 1.0, (seed, 0))[0].samples for seed in (1, 1, 2)
    )
    assert np.array_equal(once, again)
    assert not np.array_equal(once, other)


def test_others_have_a_voice_of_their_own() -> None:
    (mine,) = voice("heart").say("Where have you been all day?", NARRATES, 1.0, (1, 0))
    (his,) = voice("heart").say("Where have you been all day?", FATHER, 1.0, (1, 0))
    assert _pitch(his.samples) < 0.75 * _pitch(mine.samples)


def test_speed_shortens() -> None:
    slow, fast = (
        voice("heart").say("I never said that to anybody.", NARRATES, s, (1, 0))[0] for s in (0.8, 1.5)
    )
    assert fast.duration < 0.7 * slow.duration


def test_long_sentences_are_spoken_in_parts() -> None:
    text = "and then we went on, " * 16
    clips = voice("heart").say(text, NARRATES, 1.2, (1, 0))
    assert len(clips) > 1
    assert [w.text for c in clips for w in c.words] == text.split()
    assert all(len(c.words) <= MAX_CLIP_WORDS for c in clips)


def test_nothing_to_say_gives_no_clip() -> None:
    assert voice("heart").say("*** ---", NARRATES, 1.0, (1, 0)) == []


@pytest.mark.parametrize(("name", "message"), [("emma", "downloads nothing"), ("nobody", "known voices are")])
def test_voices_that_are_not_here_are_refused_and_never_fetched(
    name: str, message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("HIBARI_HOME", str(tmp_path))
    with pytest.raises(PermanentError, match=message):
        Voice(name)
