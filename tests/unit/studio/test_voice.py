"""The voice itself: the bundled model, offline."""

from __future__ import annotations

import functools
import itertools
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gt_common.errors import PermanentError
from gt_consumer.studio.script.model import Member
from gt_consumer.studio.sound.engines import Voices, voice_folder
from gt_consumer.studio.sound.hibari_engine import HibariEngine
from gt_consumer.studio.sound.speech import MAX_CLIP_WORDS, RATE, Clip
from gt_consumer.studio.sound.timbres import cast_timbres

NARRATES = Member(id="narrator", role="narrator", sex="female", age=28)
CAST = (
    NARRATES,
    Member(id="sister", role="sister", sex="female", age=27),
    Member(id="daughter", role="daughter", sex="female", age=6),
    Member(id="father", role="father", sex="male", age=55),
    Member(id="brother", role="brother", sex="male", age=30),
)
SENTENCE = "Where have you been all day, and why did nobody tell me anything about it?"


@functools.lru_cache
def _voices() -> Voices:
    return Voices(CAST, "heart")


def _say(text: str, member: Member = NARRATES, speed: float = 1.0, seed: int = 1) -> list[Clip]:
    return _voices().say(text, member, speed, (seed, 0))


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
        if np.abs(frame).max() < 0.06:
            continue
        same = np.correlate(frame, frame, "full")[2399:]
        low, high = RATE // 420, RATE // 65
        best = low + int(same[low:high].argmax())
        if same[best] > 0.4 * same[0]:
            found.append(RATE / best)
    return float(np.median(found))


def test_words_are_timed_in_order_and_within_the_clip() -> None:
    (clip,) = _say("I (28F) said no. AITA for keeping my $40,000, or not?", speed=1.15)
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
    (clip,) = _say("Nobody argued.")
    for word in clip.words:
        part = clip.samples[int(word.start * RATE) : int(word.end * RATE)]
        assert float(np.sqrt((part**2).mean())) > 0.01


def test_the_same_seed_gives_the_same_samples() -> None:
    once, again, other = (_say("Hello there.", seed=seed)[0].samples for seed in (1, 1, 2))
    assert np.array_equal(once, again)
    assert not np.array_equal(once, other)


def test_everyone_has_a_voice_of_their_sex_and_age() -> None:
    pitch = {m.id: _pitch(np.concatenate([c.samples for c in _say(SENTENCE, m)])) for m in CAST}
    assert pitch["father"] < 0.65 * pitch["narrator"]
    assert pitch["brother"] < 0.7 * pitch["narrator"]
    assert pitch["daughter"] > 1.2 * pitch["narrator"]
    assert abs(pitch["sister"] / pitch["narrator"] - 1) > 0.07
    assert abs(pitch["father"] / pitch["brother"] - 1) > 0.07


def test_a_man_who_tells_has_a_mans_voice() -> None:
    his, hers = (
        cast_timbres([Member(id="n", role="narrator", sex=sex, age=age)])["n"]
        for sex, age in (("male", 34), ("female", 28))
    )
    assert his.pitch < 0.7 * hers.pitch
    assert his.formant < hers.formant


def test_no_two_people_of_one_sex_sound_alike() -> None:
    cast = [
        Member(id=f"p{n}", role="narrator" if n == 0 else "friend", sex="female", age=25) for n in range(4)
    ]
    pitches = sorted(t.pitch for t in cast_timbres(cast).values())
    assert all(b / a > 1.06 for a, b in itertools.pairwise(pitches))


def test_the_users_voices_are_taken_from_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import hibari

    model = Path(hibari.__file__).parent / "assets" / "hibari.onnx"
    assert model.is_file()
    (tmp_path / "male.onnx").symlink_to(model)
    monkeypatch.setenv("GT_STUDIO_VOICES", str(tmp_path))
    voices = Voices(CAST, "heart", voice_folder())
    (his,) = voices.say("Hello there.", CAST[3], 1.0, (1, 0))
    (plain,) = _say("Hello there.")
    assert np.array_equal(his.samples, plain.samples)
    assert "male" in HibariEngine(tmp_path).voices()


def test_speaking_leaves_nothing_in_the_home_folder(tmp_path: Path) -> None:
    """onnxruntime 1.32 would note an id there, with which it reports to its makers."""
    program = (
        "from gt_consumer.studio.sound.hibari_engine import HibariEngine\n"
        "from gt_consumer.studio.sound.speech import Timbre\n"
        "assert HibariEngine().say(['Hello.'], 'heart', Timbre(), 1.0, (1, 0))"
    )
    away = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    subprocess.run([sys.executable, "-c", program], env=away, check=True, timeout=60)
    assert not list(tmp_path.rglob("*icrosoft*"))


def test_without_hibari_the_small_voice_speaks() -> None:
    voices = Voices(CAST, "nano")
    clips = {m.id: voices.say(SENTENCE, m, 1.15, (1, 0)) for m in CAST[::3]}
    assert [w.text for c in clips["narrator"] for w in c.words] == SENTENCE.split()
    pitch = {name: _pitch(np.concatenate([c.samples for c in said])) for name, said in clips.items()}
    assert pitch["father"] < 0.8 * pitch["narrator"]
    starts = [w.start for c in clips["narrator"] for w in c.words]
    assert starts == sorted(starts)


def test_speed_shortens() -> None:
    slow, fast = (_say("I never said that to anybody.", speed=s)[0] for s in (0.8, 1.5))
    assert fast.duration < 0.7 * slow.duration


def test_long_sentences_are_spoken_in_parts() -> None:
    text = "and then we went on, " * 16
    clips = _say(text, speed=1.2)
    assert len(clips) > 1
    assert [w.text for c in clips for w in c.words] == text.split()
    assert all(len(c.words) <= MAX_CLIP_WORDS for c in clips)


def test_nothing_to_say_gives_no_clip() -> None:
    assert _say("*** ---") == []


@pytest.mark.parametrize(
    ("name", "message"), [("emma", "downloads nothing"), ("nobody", "voices on this machine are")]
)
def test_voices_that_are_not_here_are_refused_and_never_fetched(
    name: str, message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("HIBARI_HOME", str(tmp_path))
    with pytest.raises(PermanentError, match=message):
        Voices(CAST, name).say("Hello.", NARRATES, 1.0, (1, 0))
