"""The sound: loudness, true peaks, music and effects."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gt_consumer.studio.audio import MAX_PEAK_DB, read_sound, write_sound
from gt_consumer.studio.errors import EncoderError
from gt_consumer.studio.sound import mix, music
from gt_consumer.studio.sound.loudness import loudness
from gt_consumer.studio.sound.speech import RATE as VOICE_RATE


def _speech(seconds: float, level: float, seed: int = 0) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Return noise in syllables, with the crest factor of a voice."""
    count = int(seconds * VOICE_RATE)
    t = np.arange(count) / VOICE_RATE
    noise = np.random.default_rng(seed).standard_normal(count)
    sound: np.ndarray[tuple[int], np.dtype[np.float32]] = (
        noise * level * np.maximum(0, np.sin(2 * np.pi * 3.3 * t)) ** 2
    ).astype(np.float32)
    return sound


def _bed(seconds: float, seed: int | None) -> mix.Stereo | None:
    return None if seed is None else music.bed(seconds, seed, [music.Section(0, "bright")])


@pytest.mark.parametrize("level", [0.02, 0.1, 0.4])
@pytest.mark.parametrize("bed", [None, 3])
def test_mixes_reach_the_loudness_with_their_peaks_held(level: float, bed: int | None) -> None:
    placed = [(0.2, _speech(3, level)), (3.6, _speech(3, level * 0.7, 1))]
    cues = [mix.Cue(3.5, "impact"), mix.Cue(0.0, "whoosh")]
    stereo = mix.mix(placed, 7.5, _bed(7.5, bed), cues)
    assert stereo.shape == (2, int(7.5 * music.RATE))
    assert loudness(stereo) == pytest.approx(-14, abs=0.5)
    assert mix.true_peak(stereo) <= mix.MAX_TRUE_PEAK_DB + 0.01


@pytest.mark.parametrize("seconds", [0.4, 3, 25.7])
def test_loudness_in_pieces_is_that_of_the_whole(seconds: float) -> None:
    from pyloudnorm import Meter

    count = int(seconds * music.RATE)
    noise = np.random.default_rng(4).standard_normal((2, count)) * np.linspace(0, 0.3, count)
    stereo = noise.astype(np.float32)
    whole = Meter(music.RATE).integrated_loudness(stereo.T.astype(np.float64))
    assert loudness(stereo) == pytest.approx(whole, abs=1e-9)
    assert loudness(stereo * 0) == -np.inf


def test_a_limiter_that_overshoots_is_turned_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mix, "_limiter_gain", lambda peaks, _ceiling: np.ones_like(peaks))
    speech = np.repeat(_speech(2, 0.05), 2)
    mastered = mix.master(np.stack([speech, speech]))
    assert mix.true_peak(mastered) == pytest.approx(mix.MAX_TRUE_PEAK_DB, abs=0.01)


def test_music_lies_under_the_voice_and_fills_its_pauses() -> None:
    placed = [(0.0, _speech(3, 0.1)), (6.0, _speech(3, 0.1, 1))]
    with_bed, without = (mix.mix(placed, 10, _bed(10, bed), []) for bed in (1, None))

    def level(stereo: mix.Stereo, begin: float, end: float) -> float:
        part = stereo[:, int(begin * music.RATE) : int(end * music.RATE)]
        return float(20 * np.log10(np.sqrt((part**2).mean()) + 1e-9))

    pause, talk = level(with_bed, 4, 5.5), level(with_bed, 0.5, 2.5)
    assert level(without, 4, 5.5) < -80
    assert 6 < talk - pause < 30


def test_the_bed_is_the_same_for_a_seed_and_another_for_another() -> None:
    one, same, other = (music.bed(3, seed, [music.Section(0, "dark")]) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_a_tone_is_that_of_sines() -> None:
    t = np.arange(171_000) / music.RATE
    sines = [np.sin(2 * np.pi * 233.1 * n * t + (1 if n == 2 else 0)) for n in (1, 2, 3)]
    assert np.allclose(music._pad(233.1, len(t)), sines[0] + 0.3 * sines[1] + 0.12 * sines[2], atol=1e-8)


def test_each_part_has_its_own_piece_of_music() -> None:
    pieces = {p: music.bed(8, 1, [music.Section(0, p)]) for p in ("bright", "dark", "tense")}
    changing = music.bed(8, 1, [music.Section(0, "bright"), music.Section(4, "tense")])
    second = slice(int(1.5 * music.RATE), int(2.5 * music.RATE))
    later = slice(int(5.5 * music.RATE), int(6.4 * music.RATE))
    assert np.allclose(changing[:, second], pieces["bright"][:, second], atol=1e-6)
    assert np.allclose(changing[:, later], pieces["tense"][:, later], atol=1e-6)
    assert not np.allclose(pieces["bright"][:, later], pieces["dark"][:, later], atol=1e-3)


def test_music_of_ones_own_is_repeated_and_its_volume_can_be_chosen() -> None:
    tone = np.sin(2 * np.pi * 330 * np.arange(2 * music.RATE) / music.RATE).astype(np.float32)
    bed = music.own(np.stack([tone, tone]), 6)
    assert bed.shape[1] == 6 * music.RATE
    assert float(np.abs(bed[:, 3 * music.RATE : 4 * music.RATE]).max()) > 0.9
    placed = [(0.2, _speech(2, 0.1))]

    def level(volume: float) -> float:
        mixed = mix.mix(placed, 6, bed, [], volume)
        part = mixed[0, int(3 * music.RATE) : int(4 * music.RATE)]
        return float(np.sqrt((part**2).mean()))

    assert level(0) < 1e-6
    assert level(2) > 1.5 * level(1) > 0


def test_the_decoded_sound_stays_below_its_peak(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    clicks = np.zeros((2, 48_000), np.float32)
    clicks[:, ::97] = 1.0  # after coding, such peaks are higher than before
    loud = np.clip(clicks + 0.4 * rng.standard_normal((2, 48_000)), -1, 1).astype(np.float32)
    path = tmp_path / "a.m4a"
    told = write_sound(loud, path)
    decoded = read_sound(path, 2, 48_000).reshape(-1, 2).T
    assert told == pytest.approx(mix.true_peak(decoded), abs=0.01)
    assert -2.5 < told <= MAX_PEAK_DB
    with pytest.raises(EncoderError, match="sound is read from"):
        read_sound(Path(__file__), 1, 24_000)
    (tmp_path / "b.mp3").write_text("no sound")
    with pytest.raises(EncoderError, match=r"cannot read the sound of b\.mp3"):
        read_sound(tmp_path / "b.mp3", 1, 24_000)


def test_an_encoder_that_ends_early_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\necho no encoder at all >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setattr("gt_consumer.studio.audio.ffmpeg_program", lambda: str(program))
    with pytest.raises(EncoderError, match="could not encode the sound: no encoder at all"):
        write_sound(np.zeros((2, 480_000), np.float32), tmp_path / "a.m4a")
