"""Measures loudness by ITU-R BS.1770-4 in pieces.

pyloudnorm's meter, with which the tests compare it, copies the whole sound three times over and takes a
second to import.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Final

from gt_consumer.studio.sound.filters import biquad, filtered
from gt_consumer.studio.sound.music import RATE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gt_consumer.studio.sound.filters import Coefficients

_BLOCK_S: Final = 0.4
_STEP: Final = 0.25  # of a block
_ABSOLUTE_LUFS, _RELATIVE_LU = -70.0, -10.0
_PIECE: Final = round(2.5 * RATE)


def loudness(stereo: NDArray[np.float32]) -> float:
    """Return the integrated loudness in LUFS of samples of shape (1 or 2, n); -inf for silence."""
    import numpy as np

    powers = _block_powers(stereo)
    with np.errstate(divide="ignore"):
        levels = -0.691 + 10 * np.log10(powers.sum(axis=0))
    heard = levels >= _ABSOLUTE_LUFS
    if not heard.any():
        return -math.inf
    threshold = _level(powers[:, heard]) + _RELATIVE_LU
    return _level(powers[:, (levels > threshold) & (levels > _ABSOLUTE_LUFS)])


def _level(powers: NDArray[np.float64]) -> float:
    return float(-0.691 + 10 * math.log10(sum(float(p.mean()) for p in powers)))


def _block_powers(stereo: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the power of each block of a channel, of what the filters that stand for the ear let pass."""
    import numpy as np

    pieces = filtered(stereo[0], stereo[-1], _weighting(), _PIECE)
    steps = np.concatenate([_energies(piece) for piece in pieces], axis=1)[: len(stereo)]
    count = round((stereo.shape[1] / RATE - _BLOCK_S) / (_BLOCK_S * _STEP)) + 1
    blocks = np.stack([steps[:, n : n + round(1 / _STEP)].sum(axis=1) for n in range(count)], axis=1)
    powers: NDArray[np.float64] = blocks / (_BLOCK_S * RATE)
    return powers


def _energies(piece: NDArray[np.complex64]) -> NDArray[np.float64]:
    """Return the sum of squares of each step between two blocks, the last of which may not be whole."""
    import numpy as np

    step = round(_BLOCK_S * _STEP * RATE)
    missing = -len(piece) % step
    whole = np.pad(piece, (0, missing)) if missing else piece
    return np.stack(
        [np.square(part, dtype=np.float64).reshape(-1, step).sum(axis=1) for part in (whole.real, whole.imag)]
    )


@functools.lru_cache(maxsize=1)
def _weighting() -> NDArray[np.complex64]:
    """Return the response of the standard's filters: the head's, a high shelf, then a high-pass."""
    return biquad(*_high_shelf(1500.0, 1 / math.sqrt(2), 4.0)) * biquad(*_high_pass(38.0, 0.5))


def _high_shelf(hz: float, q: float, gain_db: float) -> tuple[Coefficients, Coefficients]:
    """Return both rows of coefficients of a shelf (R. Bristow-Johnson, Audio EQ Cookbook)."""
    turn, gain = 2 * math.pi * hz / RATE, 10 ** (gain_db / 40)
    cos, width = math.cos(turn), math.sqrt(gain) * math.sin(turn) / q
    more, less = gain + 1, gain - 1
    b = gain * (more + less * cos + width), -2 * gain * (less + more * cos)
    a = more - less * cos + width, 2 * (less - more * cos)
    return (*b, gain * (more + less * cos - width)), (*a, more - less * cos - width)


def _high_pass(hz: float, q: float) -> tuple[Coefficients, Coefficients]:
    """Return both rows of coefficients of a high-pass, by the same source."""
    turn = 2 * math.pi * hz / RATE
    cos, width = math.cos(turn), math.sin(turn) / (2 * q)
    return ((1 + cos) / 2, -(1 + cos), (1 + cos) / 2), (1 + width, -2 * cos, 1 - width)
