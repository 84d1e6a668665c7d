"""Decodes a finished video from its first frame to its last."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

DECODE_SECONDS: Final = 300.0

_CLOCK = r"(\d+):(\d\d):(\d\d(?:\.\d+)?)"
_STREAM = re.compile(r"Stream #0:\d+.*?: (Video|Audio): (\w+)(.*)")
_SIZE = re.compile(r"\b(\d{2,5}x\d{2,5})\b")


@dataclass(frozen=True)
class VideoFacts:
    """What a decoder says of a video.

    Parameters:
        picture, sound: format of each, such as `h264 1080x1920`; None if there is none
        seconds: its length
        error: what cannot be decoded
    """

    picture: str | None = None
    sound: str | None = None
    seconds: float | None = None
    error: str | None = None


def find_ffmpeg() -> str | None:
    """Return the path of an ffmpeg: the one on PATH, else the studio's."""
    found = shutil.which("ffmpeg")
    if found is None and find_spec("imageio_ffmpeg"):
        import imageio_ffmpeg

        found = str(imageio_ffmpeg.get_ffmpeg_exe())
    return found


def decode(video: Path) -> VideoFacts | None:
    """Decode a whole video; None where there is no ffmpeg."""
    ffmpeg = find_ffmpeg()
    if ffmpeg is None:
        return None
    command = [ffmpeg, "-nostdin", "-hide_banner", "-xerror", "-i", str(video)]
    command += ["-map", "0:v?", "-map", "0:a?", "-f", "null", "-"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=DECODE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return VideoFacts(error=f"it could not be decoded within {DECODE_SECONDS:g} s")
    return read_facts(done.stderr.decode("utf-8", "replace"), done.returncode)


def read_facts(text: str, code: int) -> VideoFacts:
    """Read what ffmpeg printed while it decoded a video, and its exit code."""
    given = text.partition("\nOutput #0")[0]
    streams = {kind: _describe(name, rest) for kind, name, rest in reversed(_STREAM.findall(given))}
    clocks = re.findall(rf"\btime={_CLOCK}", text)
    lines = [line.strip() for line in text.replace("\r", "\n").splitlines() if line.strip()]
    return VideoFacts(
        picture=streams.get("Video"),
        sound=streams.get("Audio"),
        seconds=_seconds(clocks[-1]) if clocks else None,
        error=(lines[-1] if lines else f"ffmpeg ended with exit code {code}") if code else None,
    )


def _describe(name: str, rest: str) -> str:
    size = _SIZE.search(rest)
    return f"{name} {size[1]}" if size else name


def _seconds(clock: tuple[str, str, str]) -> float:
    hours, minutes, seconds = clock
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
