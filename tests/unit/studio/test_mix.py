"""The sound: loudness, true peaks, music and effects."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from gt_consumer.studio.sound import mix, music
from gt_consumer.studio.sound.voice import RATE as VOICE_RATE


def _speech(seconds: float, level: float, seed: int = 0) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Return noise in syllables, with the crest factor of a voice."""
    count = int(seconds * VOICE_RATE)
    t = np.arange(count) / VOICE_RATE
    noise = np.random.default_rng(seed).standard_normal(count)
    sound: np.ndarray[tuple[int], np.dtype[np.float32]] = (
        noise * level * np.maximum(0, np.sin(2 * np.pi * 3.3 * t)) ** 2
    ).astype(np.float32)
    return sound


@pytest.mark.parametrize("level", [0.02, 0.1, 0.4])
@pytest.mark.parametrize("bed", [None, 3])
def test_mixes_reach_the_loudness_with_their_peaks_held(level: float, bed: int | None) -> None:
    placed = [(0.2, _speech(3, level)), (3.6, _speech(3, level * 0.7, 1))]
    cues = [mix.Cue(3.5, "impact"), mix.Cue(0.0, "whoosh")]
    stereo = mix.mix(placed, 7.5, bed, dark=True, cues=cues)
    assert stereo.shape == (2, int(7.5 * music.RATE))
    assert mix.loudness(stereo) == pytest.approx(-14, abs=0.5)
    assert mix.true_peak(stereo) <= mix.MAX_TRUE_PEAK_DB + 0.01


def test_a_limiter_that_overshoots_is_turned_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mix, "_limiter_gain", lambda peaks, _ceiling: np.ones_like(peaks))
    speech = np.repeat(_speech(2, 0.05), 2)
    mastered = mix.master(np.stack([speech, speech]))
    assert mix.true_peak(mastered) == pytest.approx(mix.MAX_TRUE_PEAK_DB, abs=0.01)


def test_music_lies_under_the_voice_and_fills_its_pauses() -> None:
    placed = [(0.0, _speech(3, 0.1)), (6.0, _speech(3, 0.1, 1))]
    with_bed, without = (mix.mix(placed, 10, bed, dark=False, cues=[]) for bed in (1, None))

    def level(stereo: mix.Stereo, begin: float, end: float) -> float:
        part = stereo[:, int(begin * music.RATE) : int(end * music.RATE)]
        return float(20 * np.log10(np.sqrt((part**2).mean()) + 1e-9))

    pause, talk = level(with_bed, 4, 5.5), level(with_bed, 0.5, 2.5)
    assert level(without, 4, 5.5) < -80
    assert 6 < talk - pause < 30


def test_the_bed_is_the_same_for_a_seed_and_another_for_another() -> None:
    one, same, other = (music.bed(3, seed, dark=True) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_sound_is_written_as_48_khz_stereo(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    mix.write_wav(path, np.array([[0.5] * 480, [-2.0] * 480], np.float32))
    with wave.open(str(path)) as sound:
        assert (sound.getnchannels(), sound.getframerate(), sound.getnframes()) == (2, 48_000, 480)
        left, right = np.frombuffer(sound.readframes(1), "<i2")
    assert (left, right) == (16384, -32767)
