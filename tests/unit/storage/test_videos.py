"""Videos of programs that say nothing: which file it is, and how long it is."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from gt_consumer.storage.new_videos import find_videos
from gt_consumer.storage.video_length import video_length

FTYP = struct.pack(">I4s8s", 16, b"ftyp", b"isom\0\0\0\0")


def box(kind: bytes, content: bytes) -> bytes:
    """Return a box of an MP4 file."""
    return struct.pack(">I4s", 8 + len(content), kind) + content


def mvhd(scale: int, duration: int, *, long: bool = False) -> bytes:
    """Return a file whose movie header has this length."""
    times = struct.pack(">B3xQQIQ" if long else ">B3xIIII", int(long), 1, 2, scale, duration)
    return FTYP + box(b"free", b"x" * 9) + box(b"moov", box(b"udta", b"") + box(b"mvhd", times + bytes(80)))


@pytest.mark.parametrize(
    ("content", "seconds"),
    [
        (mvhd(1000, 61_500), 61.5),
        (mvhd(90_000, 90_000, long=True), 1.0),
        (mvhd(0, 1), None),
        (mvhd(1000, 0), None),
        (mvhd(1000, 0xFFFFFFFF), None),
        (FTYP + struct.pack(">I4sQ", 1, b"mdat", 20) + b"data" + mvhd(10, 25)[16:], 2.5),
        (FTYP + struct.pack(">I4s", 3, b"free"), None),
        (FTYP + struct.pack(">I4s", 0, b"mdat"), None),
        (FTYP + box(b"moov", b""), None),
        (FTYP[:-2], None),
        (mvhd(1000, 61_500)[:60], None),
        (b"not a video", None),
        (b"", None),
    ],
)
def test_the_length_is_read_from_the_file(content: bytes, seconds: float | None, tmp_path: Path) -> None:
    place = tmp_path / "v.mp4"
    place.write_bytes(content)
    assert video_length(place) == seconds


def test_a_missing_file_has_no_length(tmp_path: Path) -> None:
    assert video_length(tmp_path / "none.mp4") is None


def test_other_kinds_are_asked_of_ffprobe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = tmp_path / "v.webm"
    video.write_bytes(b"\x1a\x45\xdf\xa3 matroska")
    program = tmp_path / "ffprobe"
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    program.write_text('#!/bin/sh\necho "$@" > "$0.asked"; echo 12.3456\n')
    program.chmod(0o755)
    assert video_length(video) == 12.346
    asked = (tmp_path / "ffprobe.asked").read_text()
    assert "-protocol_whitelist file" in asked
    assert f"file:{video}" in asked
    program.write_text("#!/bin/sh\necho N/A\n")
    assert video_length(video) is None


def test_the_videos_of_a_folder_come_before_those_below_it(tmp_path: Path) -> None:
    for name in ("parts/deep/b.webm", "parts/a.MP4", ".hidden/c.mp4", "d.txt", "e.json", "parts/.f.mp4"):
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("x")
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "link.mp4").symlink_to(tmp_path / "parts" / "a.MP4")
    (tmp_path / "loop").symlink_to(tmp_path)
    names = [str(path.relative_to(tmp_path)) for path in find_videos(tmp_path)]
    assert names == ["parts/a.MP4", "parts/deep/b.webm"]
    (tmp_path / "final.mov").write_text("x")
    assert [path.name for path in find_videos(tmp_path)] == ["final.mov"]
    assert find_videos(tmp_path / "none") == []
