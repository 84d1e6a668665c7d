"""How long a video is, read from its file: MP4 and QuickTime here, other kinds by ffprobe if there is one."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path
from typing import BinaryIO, Final

from gt_consumer.processes.values import number

PROBE_SECONDS: Final = 20.0
_MOST_BOXES: Final = 10_000
_OTHER_KINDS: Final = (b"\x1a\x45\xdf\xa3", b"RIFF", b"FLV")
"""First bytes of Matroska and WebM, AVI, Flash."""


def video_length(path: Path) -> float | None:
    """Return the length of a video in seconds; None if that cannot be told. This blocks.

    The box `mvhd` of an MP4 file has it (ISO/IEC 14496-12, 8.2.2); in a fragmented file it may be 0.
    """
    try:
        with path.open("rb") as file:
            head = file.read(12)
            if head[4:8] == b"ftyp":
                return _length_of_mp4(file, path.stat().st_size) or _probe(path)
    except (OSError, struct.error):
        return None
    return _probe(path) if head.startswith(_OTHER_KINDS) else None


def _length_of_mp4(file: BinaryIO, size: int) -> float | None:
    moov = _find_box(file, b"moov", 0, size)
    mvhd = _find_box(file, b"mvhd", *moov) if moov else None
    if mvhd is None:
        return None
    file.seek(mvhd[0])
    if file.read(4)[:1] == b"\x01":
        _, _, scale, duration = struct.unpack(">QQIQ", file.read(28))
        unknown = 0xFFFFFFFFFFFFFFFF
    else:
        _, _, scale, duration = struct.unpack(">IIII", file.read(16))
        unknown = 0xFFFFFFFF
    return number(round(duration / scale, 3)) if scale and duration not in (0, unknown) else None


def _find_box(file: BinaryIO, kind: bytes, start: int, end: int) -> tuple[int, int] | None:
    """Return where the content of the first box of a kind begins and ends."""
    for _ in range(_MOST_BOXES):
        if start + 8 > end:
            return None
        file.seek(start)
        size, found = struct.unpack(">I4s", file.read(8))
        head = 8
        if size == 1:
            size, head = *struct.unpack(">Q", file.read(8)), 16
        stop = end if size == 0 else start + size
        if found == kind:
            return start + head, min(stop, end)
        if stop < start + head:
            return None
        start = stop
    return None


def _probe(path: Path) -> float | None:
    program = shutil.which("ffprobe")
    if program is None:
        return None
    # A file may be a list of other files and links; only itself is read.
    command = [program, "-v", "error", "-protocol_whitelist", "file", "-show_entries", "format=duration"]
    try:
        done = subprocess.run(
            [*command, "-of", "csv=p=0", f"file:{path}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_SECONDS,
            check=False,
        )
        return number(round(float(done.stdout), 3))
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
