"""Quiet music and two sound effects, synthesised from sines and noise: nothing to license.

There are three pieces, by mood: bright, dark, and tense for crisis and climax; each act has its own.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Stereo = NDArray[np.float32]

RATE = 48_000
_BPM = 84
_BEATS_PER_CHORD = 4
_CROSSFADE_S = 1.5
# Semitones above the root of the key, the plucks of a beat, and the order in which they take a chord's notes.
_PIECES = {
    "bright": (((0, 4, 7, 11), (9, 12, 16, 19), (5, 9, 12, 16), (7, 11, 14, 17)), 2, 3),
    "dark": (((0, 3, 7, 10), (8, 12, 15, 19), (5, 8, 12, 15), (7, 10, 14, 17)), 2, 2),
    "tense": (((0, 3, 6, 12), (1, 4, 8, 13), (0, 3, 7, 12), (-1, 3, 6, 11)), 4, 1),
}


@dataclass(frozen=True)
class Section:
    """A part of a film with one piece of music, "bright", "dark" or "tense", from its start in seconds."""

    start: float
    piece: str


def _hz(semitones: float) -> float:
    return float(440.0 * 2 ** ((semitones - 9) / 12))


def _room(seed: int, seconds: float = 1.4) -> Stereo:
    """Make the impulse response of a soft room: decaying noise, different in each channel."""
    import numpy as np
    from scipy.signal import lfilter

    count = int(seconds * RATE)
    noise = np.random.default_rng([seed, 77]).standard_normal((2, count)).astype(np.float32)
    decay = np.exp(-np.arange(count) / (0.28 * RATE))
    soft = lfilter([0.25], [1, -0.75], noise * decay, axis=1)
    response: Stereo = (soft / np.sqrt((soft**2).sum(axis=1, keepdims=True))).astype(np.float32)
    return response


def _loop(seed: int, piece: str) -> Stereo:
    """Make a seamless loop of four chords of pads and plucks."""
    import numpy as np
    from scipy.signal import fftconvolve

    rng = np.random.default_rng([seed, 5])
    root = int(rng.integers(-5, 4))
    beat = 60 / _BPM
    chord_s = beat * _BEATS_PER_CHORD
    total = round(4 * chord_s * RATE)
    dry = np.zeros((2, total), np.float32)
    t = np.arange(int(1.25 * chord_s * RATE)) / RATE
    swell = 0.05 * np.minimum(1, t / 0.5) * np.clip((t[-1] - t) / (0.25 * chord_s), 0, 1)
    pluck_t = np.arange(int(1.2 * RATE)) / RATE
    fading = np.exp(-pluck_t / 0.22) * np.minimum(1, pluck_t / 0.006)
    chords, plucks, order = _PIECES[piece]
    for k, chord in enumerate(chords):
        begin = round(k * chord_s * RATE)
        for ear, detune in enumerate((-0.06, 0.06)):
            pads = [_pad(_hz(root + note + detune - 12), len(t)) for note in (chord[0] - 12, *chord)]
            _add(dry[ear], sum(pads) * swell, begin)
        for step in range(_BEATS_PER_CHORD * plucks):
            low = -12 if plucks > 2 else 0
            f = _hz(root + low + chord[(step * order) % 4] + 12 * (step % 3 == 2))
            tone = _circling(f, len(pluck_t)).imag * fading
            pan = 0.5 + 0.35 * np.sin(step * 1.7)
            at = begin + round((step * beat / plucks + rng.uniform(0, 0.012)) * RATE)
            _add(dry[0], 0.06 * (1 - pan) * tone, at)
            _add(dry[1], 0.06 * pan * tone, at)
    room = _room(seed)
    wet = np.stack(
        [fftconvolve(np.concatenate([d, d]), r)[total : 2 * total] for d, r in zip(dry, room, strict=True)]
    )
    loop: Stereo = (dry + 0.5 * wet).astype(np.float32)
    return loop


def _circling(hz: float, count: int) -> NDArray[np.complex128]:
    """Return a sine as the imaginary part of what circles; products of few powers instead of all sines."""
    import numpy as np

    row = math.isqrt(count) + 1
    turn = 2j * math.pi * hz / RATE
    circling: NDArray[np.complex128] = (
        np.exp(turn * row * np.arange(row))[:, None] * np.exp(turn * np.arange(row))
    ).ravel()[:count]
    return circling


def _pad(hz: float, count: int) -> NDArray[np.float64]:
    """Return a tone with its second and third harmonic, all of them out of step."""
    one = _circling(hz, count)
    two = one * one
    harmonics = cmath.exp(1j) * 0.3 * two
    two *= one
    two *= 0.12
    return one.imag + harmonics.imag + two.imag


def _add(track: NDArray[np.float32], sound: NDArray[np.float64], at: int) -> None:
    """Add a sound into a loop; what runs over its end comes in at its start."""
    total = len(track)
    at %= total
    first = min(len(sound), total - at)
    track[at : at + first] += sound[:first]
    track[: len(sound) - first] += sound[first:]


def bed(seconds: float, seed: int, sections: Sequence[Section]) -> Stereo:
    """Make the music for a video: the piece of each section, faded from one to the next.

    Parameters:
        sections: in the order of their starts, the first at 0
    """
    import numpy as np

    loops = {piece: _loop(seed, piece) for piece in dict.fromkeys(s.piece for s in sections)}
    count = int(seconds * RATE)
    music = np.zeros((2, count), np.float32)
    for section, following in zip(sections, (*sections[1:], None), strict=True):
        begin = max(0, int((section.start - _CROSSFADE_S / 2) * RATE))
        end = count if following is None else min(count, int((following.start + _CROSSFADE_S / 2) * RATE))
        part = _looped(loops[section.piece], begin, end)
        fade = min(end - begin, int(_CROSSFADE_S * RATE) + 1)
        rising = np.minimum(1, np.arange(fade, dtype=np.float32) / (_CROSSFADE_S * RATE))
        if begin:
            part[:, :fade] *= rising
        if following is not None:
            part[:, end - begin - fade :] *= rising[::-1]
        music[:, begin:end] += part
    return faded(music)


def _looped(loop: Stereo, begin: int, end: int) -> Stereo:
    import numpy as np

    size = loop.shape[1]
    part: Stereo = np.empty((2, end - begin), np.float32)
    at = begin
    while at < end:
        count = min(size - at % size, end - at)
        part[:, at - begin : at - begin + count] = loop[:, at % size : at % size + count]
        at += count
    return part


def own(samples: Stereo, seconds: float) -> Stereo:
    """Make the music for a video of somebody's own, again from the start where it is too short."""
    return faded(_looped(samples, 0, int(seconds * RATE)))


def faded(music: Stereo) -> Stereo:
    """Fade music in and out, and return it: the array is changed, because copies of it are large."""
    import numpy as np

    count = music.shape[1]
    edge = int(1.5 * RATE) + 1
    parts = [(0, edge), (count - edge, count)] if count > 2 * edge else [(0, count)]
    for begin, end in parts:
        at = np.arange(begin, end)
        fade = np.minimum(1, np.minimum(at / (0.8 * RATE), (count - at) / (1.5 * RATE)))
        music[:, begin:end] = music[:, begin:end] * fade
    return music


def impact(seed: int) -> Stereo:
    """Make the thump of a shout: a falling sine and a burst of noise."""
    import numpy as np

    t = np.arange(int(0.9 * RATE)) / RATE
    body = np.sin(2 * np.pi * (42 * t + 60 * 0.12 * (1 - np.exp(-t / 0.12)))) * np.exp(-t / 0.25)
    noise = np.random.default_rng([seed, 9]).standard_normal(len(t)) * np.exp(-t / 0.035) * 0.25
    sound = (body + noise) * np.minimum(1, t / 0.003)
    return np.stack([sound, sound]).astype(np.float32)


def whoosh(seed: int) -> Stereo:
    """Make the whoosh of a scene change: noise that swells and moves from left to right."""
    import numpy as np
    from scipy.signal import butter, lfilter

    count = int(0.45 * RATE)
    t = np.linspace(0, 1, count)
    noise = np.random.default_rng([seed, 13]).standard_normal(count)
    b, a = butter(2, [500, 4500], "bandpass", fs=RATE)
    sound = lfilter(b, a, noise) * np.sin(np.pi * t) ** 2
    return np.stack([sound * (1 - t), sound * t]).astype(np.float32)
