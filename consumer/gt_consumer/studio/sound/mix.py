"""Mixes voice, music and effects to -14 LUFS with true peaks below -1 dB, the level of the video platforms.

ffmpeg's loudnorm misses by up to a decibel on short speech and its limiter ignores true peaks, so both are
done here: gain by loudness (ITU-R BS.1770) and a look-ahead limiter on the fourfold oversampled signal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gt_consumer.studio.sound import music
from gt_consumer.studio.sound.loudness import loudness
from gt_consumer.studio.sound.music import RATE
from gt_consumer.studio.sound.speech import RATE as VOICE_RATE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gt_consumer.studio.sound.speech import Samples

    Stereo = NDArray[np.float32]

TARGET_LUFS = -14.0
CEILING_DB = -1.6  # of the limiter
MAX_TRUE_PEAK_DB = -1.4  # AAC adds up to half a decibel, and the decoded sound may reach -0.9 dBTP
_BLOCK = RATE // 1000
_PIECE = 4000 * _BLOCK
_BED_DB = -13.0  # relative to the voice
_DUCK = 0.45
_CLOSE_LU = 0.05
_SILENT_LUFS = -60.0


@dataclass(frozen=True)
class Cue:
    """A sound effect, "impact" or "whoosh", at a time in seconds."""

    at: float
    kind: str


def db(value: float) -> float:
    """Convert decibels to a factor."""
    return float(10 ** (value / 20))


def true_peak(stereo: Stereo) -> float:
    """Return the true peak in dBTP, measured on the fourfold oversampled signal."""
    import numpy as np

    return float(20 * np.log10(max(1e-9, _fine_peaks(stereo).max())))


def _blocks(values: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Return the greatest absolute value in each block of `size` samples."""
    import numpy as np

    count = -(-len(values) // size)
    peaks: NDArray[np.float32] = (
        np.abs(np.pad(values, (0, count * size - len(values)))).reshape(count, size).max(axis=1)
    )
    return peaks


def _per_sample(envelope: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    import numpy as np

    at = (np.arange(len(envelope)) + 0.5) * _BLOCK
    smooth = np.empty(count, np.float32)
    for begin in range(0, count, _PIECE):  # the whole of it as doubles would take 30 MB a minute
        end = min(count, begin + _PIECE)
        smooth[begin:end] = np.interp(np.arange(begin, end), at, envelope)
    return smooth


def compress(
    voice: NDArray[np.float32], threshold_db: float = -22.0, ratio: float = 3.0
) -> NDArray[np.float32]:
    """Compress the voice: above the threshold the level rises by 1 dB for every `ratio` dB of input."""
    import numpy as np
    from scipy.ndimage import maximum_filter1d, uniform_filter1d

    level = uniform_filter1d(maximum_filter1d(_blocks(voice, _BLOCK), 9), 25)
    over = np.maximum(0, 20 * np.log10(np.maximum(level, 1e-6)) - threshold_db)
    gain = 10 ** (-over * (1 - 1 / ratio) / 20)
    return voice * _per_sample(gain.astype(np.float32), len(voice))


def _limiter_gain(peaks: NDArray[np.float32], ceiling_db: float) -> NDArray[np.float32]:
    """Return the gain of each block that keeps its peak under the ceiling; it falls before the peak comes."""
    import numpy as np
    from scipy.ndimage import minimum_filter1d, uniform_filter1d

    need = np.minimum(1, db(ceiling_db) / np.maximum(peaks, 1e-9))
    gain: NDArray[np.float32] = np.minimum(
        uniform_filter1d(minimum_filter1d(need, 9), 5), minimum_filter1d(need, 3)
    )
    return gain


def _fine_peaks(stereo: Stereo) -> NDArray[np.float32]:
    """Return each block's true peak; measured in pieces, because the oversampled signal is large."""
    import numpy as np
    from scipy.signal import resample_poly

    peaks = np.zeros(-(-stereo.shape[1] // _BLOCK), np.float32)
    edge = _BLOCK
    for begin in range(0, stereo.shape[1], _PIECE):
        low = max(0, begin - edge)
        part = stereo[:, low : begin + _PIECE + edge]
        fine = np.abs(resample_poly(part, 4, 1, axis=1)).max(axis=0)[
            (begin - low) * 4 : (begin - low + _PIECE) * 4
        ]
        found = _blocks(fine, _BLOCK * 4)[: len(peaks) - begin // _BLOCK]
        peaks[begin // _BLOCK : begin // _BLOCK + len(found)] = found
    return peaks


def master(stereo: Stereo, target: float = TARGET_LUFS, ceiling_db: float = CEILING_DB) -> Stereo:
    """Bring a mix to the target loudness and keep its true peaks down, with a look-ahead limiter.

    Limiting costs loudness, so the gain before it is found in rounds; the peaks grow with the gain and are
    measured once. A limiter that works on blocks can overshoot: the result is measured, and where a peak is
    above `MAX_TRUE_PEAK_DB`, the whole is turned down by the difference.

    Parameters:
        stereo: samples of shape (2, n) at `RATE`
        target: loudness in LUFS
        ceiling_db: of the limiter, in dBTP
    """
    peaks = _fine_peaks(stereo)
    drive = target - loudness(stereo)
    for _ in range(4):
        gain = _limiter_gain(peaks * db(drive), ceiling_db) * db(drive)
        loud: Stereo = stereo * _per_sample(gain, stereo.shape[1])
        missing = target - loudness(loud)
        if abs(missing) < _CLOSE_LU:
            break
        drive += missing
    over = true_peak(loud) - MAX_TRUE_PEAK_DB
    return loud if over <= 0 else loud * db(-over)


def mix(
    placed: list[tuple[float, Samples]],
    seconds: float,
    bed: Stereo | None,
    cues: list[Cue],
    volume: float = 1.0,
) -> Stereo:
    """Mix a video's sound; returns samples of shape (2, n) at `RATE`.

    Parameters:
        placed: clips of the voice with their start in seconds
        seconds: length of the video
        bed: the music, as long as the video; None for no music
        cues: effects, which are left out together with the music
        volume: of the music, 0 to 2; 1 is quiet enough for the voice
    """
    import numpy as np
    from scipy.signal import resample_poly

    voice = np.zeros(int(seconds * VOICE_RATE), np.float32)
    for start, samples in placed:
        at = int(start * VOICE_RATE)
        part = samples[: max(0, len(voice) - at)]
        voice[at : at + len(part)] += part
    speech = compress(resample_poly(voice, RATE, VOICE_RATE).astype(np.float32))
    speech = speech[: int(seconds * RATE)]
    total: Stereo = np.stack([speech, speech])
    level = loudness(total)
    if bed is not None:
        if volume > 0:
            ducked = _ducked(bed[:, : total.shape[1]], speech, level + _BED_DB)
            total[:, : ducked.shape[1]] += ducked * volume
        for n, cue in enumerate(cues):
            _place(total, music.impact(n) if cue.kind == "impact" else music.whoosh(n), cue, db(level + 6))
    return master(total.astype(np.float32, copy=False))


def _ducked(bed: Stereo, speech: NDArray[np.float32], level: float) -> Stereo:
    import numpy as np
    from scipy.ndimage import uniform_filter1d

    talk = uniform_filter1d((_blocks(speech, _BLOCK) > 0.02).astype(np.float32), 350)
    gain = _per_sample((1 - _DUCK * np.minimum(1, talk * 1.5)).astype(np.float32), bed.shape[1])
    ducked: Stereo = bed * db(level - max(loudness(bed), _SILENT_LUFS)) * gain
    return ducked


def _place(total: Stereo, sound: Stereo, cue: Cue, factor: float) -> None:
    import numpy as np

    at = max(0, int((cue.at - (0.25 if cue.kind == "whoosh" else 0)) * RATE))
    part = sound[:, : max(0, total.shape[1] - at)]
    strength = factor * (0.9 if cue.kind == "impact" else 0.35) / max(1e-6, float(np.abs(sound).max()))
    total[:, at : at + part.shape[1]] += part * strength
