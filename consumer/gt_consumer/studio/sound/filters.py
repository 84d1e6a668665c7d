"""Filters of sound in numpy alone: importing scipy.signal takes as long as speaking half of a story.

Samples are of shape (channels, n).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]
    Coefficients = tuple[float, float, float]

_REACH: Final = 10  # samples on each side that an interpolated one is made of
_KAISER: Final = 5.0  # shape of the window, as of scipy's resample_poly
_PIECE: Final = 1 << 17
_ROWS: Final = 4000
_MEMORY: Final = 1 << 13
"""Samples after which nothing is left of what went into a filter: 38 Hz at 48 kHz fades to 1e-17."""


def interpolator(factor: int, length: int) -> NDArray[np.float32]:
    """Return the matrix that turns samples into `factor` times as many.

    Parameters:
        length: how many samples are oversampled at once; they come with `_REACH` more on each side

    Returns:
        of shape (length + 2 * _REACH, length * factor)
    """
    import numpy as np

    at = np.arange(-_REACH * factor, _REACH * factor + 1)
    taps = np.sinc(at / factor) * np.kaiser(len(at), _KAISER)
    taps *= factor / taps.sum()
    matrix = np.zeros((length + 2 * _REACH, length * factor))
    for row in range(len(matrix)):
        # Sample row - _REACH of the piece is heard around its place among the new ones.
        first = (row - 2 * _REACH) * factor
        begin, end = max(0, first), min(length * factor, first + len(taps))
        matrix[row, begin:end] = taps[begin - first : end - first]
    return matrix.astype(np.float32)


def oversampled(samples: Samples, factor: int, length: int) -> Iterator[Samples]:
    """Yield one channel with `factor` times as many samples, in rows that stand for `length` of its own.

    A matrix product does that in a quarter of the time of a filter; the last row is filled up with silence.
    """
    import numpy as np
    from numpy.lib.stride_tricks import sliding_window_view

    matrix = interpolator(factor, length)
    rows = -(-len(samples) // length)
    for row in range(0, rows, _ROWS):
        begin, count = row * length - _REACH, min(_ROWS, rows - row) * length + 2 * _REACH
        part = samples[max(0, begin) : begin + count]
        before = max(0, -begin)
        piece = np.pad(part, (before, count - before - len(part)))
        yield np.ascontiguousarray(sliding_window_view(piece, length + 2 * _REACH)[::length]) @ matrix


def biquad(b: Coefficients, a: Coefficients) -> NDArray[np.complex64]:
    """Return what a filter of the second order does to each frequency of `filtered`."""
    import numpy as np

    z = np.exp(-2j * np.pi * np.fft.fftfreq(_PIECE))
    return np.asarray((b[0] + z * (b[1] + z * b[2])) / (a[0] + z * (a[1] + z * a[2])), np.complex64)


def filtered(
    left: Samples, right: Samples, response: NDArray[np.complex64], step: int
) -> Iterator[NDArray[np.complex64]]:
    """Filter two channels at once; yield pieces whose imaginary parts are the second channel.

    Parameters:
        response: for each frequency of a piece, as `biquad` returns it
        step: samples of a piece, at most 120,000; the last one is shorter
    """
    import numpy as np

    piece = np.empty(_PIECE, np.complex64)
    for begin in range(0, len(left), step):
        low, high = max(0, begin - _MEMORY), min(len(left), begin + step)
        first = _MEMORY - (begin - low)
        last = first + high - low
        piece[:first] = piece[last:] = 0
        piece.real[first:last], piece.imag[first:last] = left[low:high], right[low:high]
        heard = np.fft.ifft(np.fft.fft(piece) * response).astype(np.complex64, copy=False)
        yield heard[_MEMORY : _MEMORY + high - begin]
