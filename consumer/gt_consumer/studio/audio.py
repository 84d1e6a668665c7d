"""The sound as a file: encoded as AAC, decoded again and measured, since coding can raise its peaks."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gt_consumer.studio.encode import ffmpeg_program
from gt_consumer.studio.errors import EncoderError
from gt_consumer.studio.frames import widen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Sound = NDArray[np.float32]

MAX_PEAK_DB: Final = -0.9
"""dBTP of the decoded sound."""
_RATE: Final = 48_000
_TRIES: Final = 3
# ffmpeg's default search for coefficients overshoots by up to 2 dB on one film in five.
_AAC: Final = ("-c:a", "aac", "-aac_coder", "fast", "-b:a", "192k")


# By name, so that ffmpeg takes no file for a play list, which could name any other file.
_DEMUXERS: Final = {
    ".wav": "wav",
    ".mp3": "mp3",
    ".m4a": "mov",
    ".mp4": "mov",
    ".aac": "aac",
    ".flac": "flac",
    ".ogg": "ogg",
    ".opus": "ogg",
}


def write_sound(stereo: Sound, path: Path) -> float:
    """Encode samples of shape (2, n) so that no true peak of the decoded sound is above `MAX_PEAK_DB`.

    Returns:
        the true peak of the decoded sound in dBTP

    Raises:
        EncoderError: ffmpeg failed, or the peaks stay too high
    """
    from gt_consumer.studio.sound.mix import db, true_peak

    for _ in range(_TRIES):
        _encode(stereo, path)
        peak = true_peak(read_sound(path, 2, _RATE).reshape(-1, 2).T)
        if peak <= MAX_PEAK_DB:
            return peak
        stereo = stereo * db(MAX_PEAK_DB - peak - 0.1)
    raise EncoderError(f"the encoded sound has a true peak of {peak:.1f} dB, more than {MAX_PEAK_DB} dB")


def _encode(stereo: Sound, path: Path) -> None:
    form = ("-f", "f32le", "-ar", str(_RATE), "-ac", "2")
    command = [ffmpeg_program(), "-y", "-v", "error", *form, "-i", "pipe:0", *_AAC, str(path)]
    data = stereo.T.astype("<f4").tobytes()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None  # noqa: S101 - a pipe
        widen(process.stdin.fileno())
        with contextlib.suppress(BrokenPipeError):  # ffmpeg has ended and says why
            process.stdin.write(data)  # all at once: communicate() would write 4 kB at a time
        _, said = process.communicate()
    if process.returncode:
        raise EncoderError(f"ffmpeg could not encode the sound: {_words(said)}")


def read_sound(path: Path, channels: int, rate: int, seconds: float | None = None) -> Sound:
    """Decode a sound file; returns its samples one after the other, those of all channels side by side.

    Parameters:
        seconds: how much to read at most; None for all

    Raises:
        EncoderError: ffmpeg cannot decode it as sound
    """
    import numpy as np

    demuxer = _DEMUXERS.get(path.suffix.lower())
    if demuxer is None:
        raise EncoderError(f"{path.name}: sound is read from {', '.join(sorted(_DEMUXERS))} files")
    limit = () if seconds is None else ("-t", f"{seconds:g}")
    form = ("-vn", "-f", "f32le", "-ac", str(channels), "-ar", str(rate))
    command = [
        ffmpeg_program(),
        "-v",
        "error",
        "-nostdin",
        "-f",
        demuxer,
        "-i",
        str(path),
        *limit,
        *form,
        "-",
    ]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode or not done.stdout:
        raise EncoderError(f"ffmpeg cannot read the sound of {path.name}: {_words(done.stderr)}")
    return np.frombuffer(done.stdout, "<f4")


def _words(stderr: bytes) -> str:
    return " ".join(stderr.decode("utf-8", "replace").split()[-40:]) or "it holds no sound"
