"""The filters of the sound beside scipy's, which the studio does without because of its imports."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy.signal import butter, lfilter, resample_poly

from gt_consumer.studio.sound import music
from gt_consumer.studio.sound.filters import oversampled

RNG = np.random.default_rng(7)


@pytest.mark.parametrize("factor", [2, 4])
@pytest.mark.parametrize("count", [1, 47, 48, 5000, 200_003])
def test_samples_between_are_those_of_scipy(factor: int, count: int) -> None:
    samples = RNG.standard_normal(count).astype(np.float32)
    fine = np.concatenate([rows.ravel() for rows in oversampled(samples, factor, 48)])[: count * factor]
    assert np.allclose(fine, resample_poly(samples, factor, 1), atol=2e-6)


def test_a_band_is_that_of_a_butterworth_filter() -> None:
    noise = RNG.standard_normal(21_600)
    b, a = butter(2, [500, 4500], "bandpass", fs=music.RATE)
    assert np.allclose(music._band(noise, 500, 4500), lfilter(b, a, noise), atol=1e-9)


def test_a_tone_is_that_of_sines() -> None:
    t = np.arange(171_000) / music.RATE
    sines = [np.sin(2 * np.pi * 233.1 * n * t + (1 if n == 2 else 0)) for n in (1, 2, 3)]
    assert np.allclose(music._pad(233.1, len(t)), sines[0] + 0.3 * sines[1] + 0.12 * sines[2], atol=1e-8)


def test_a_loop_is_heard_in_its_room_without_a_seam() -> None:
    loop, response = (RNG.standard_normal((2, n)).astype(np.float32) for n in (5000, 700))
    twice = [
        np.convolve(np.tile(side, 2), room)[5000:10_000] for side, room in zip(loop, response, strict=True)
    ]
    assert np.allclose(music._echo(loop, response), twice, atol=1e-3)


def test_the_sound_is_made_without_scipy() -> None:
    script = (
        "import sys, numpy as np\n"
        "from gt_consumer.studio.sound import mix, music\n"
        "from gt_consumer.studio.sound.hibari_engine import HibariEngine\n"
        "from gt_consumer.studio.sound.speech import Timbre\n"
        "clip = HibariEngine().say(['Hello,', 'you.'], 'heart', Timbre(0.8, 0.9), 1.0, (1,))\n"
        "bed = music.bed(2, 1, [music.Section(0, 'dark')])\n"
        "mix.mix([(0.1, clip.samples)], 2, bed, [mix.Cue(1, 'impact'), mix.Cue(1.2, 'whoosh')])\n"
        "print([m for m in sys.modules if m.startswith(('scipy.', 'pyloudnorm'))])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_numpys_transforms_give_the_voice_that_scipys_give(monkeypatch: pytest.MonkeyPatch) -> None:
    import scipy.fft
    from hibari import dsp

    from gt_consumer.studio.sound.hibari_engine import HibariEngine
    from gt_consumer.studio.sound.speech import Timbre

    def said() -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        clip = HibariEngine().say(["Good", "morning."], "heart", Timbre(), 1.0, (3,))
        assert clip is not None
        return clip.samples

    monkeypatch.setattr(dsp, "rfft", lambda x, axis: np.fft.rfft(x, axis=axis).astype(np.complex64))
    monkeypatch.setattr(dsp, "irfft", lambda x, n, axis: np.fft.irfft(x, n=n, axis=axis).astype(np.float32))
    numpys = said()
    monkeypatch.setattr(dsp, "rfft", lambda x, axis: scipy.fft.rfft(x, axis=axis))
    monkeypatch.setattr(dsp, "irfft", lambda x, n, axis: scipy.fft.irfft(x, n=n, axis=axis))
    assert np.allclose(numpys, said(), atol=1e-6)
