"""ffmpeg is really run before the first story: missing, broken, silent, or without an encoder."""

from __future__ import annotations

from pathlib import Path

import pytest

from gt_common.errors import OrchestratorError
from gt_common.settings import load_settings
from gt_consumer.doctor.finding import Level, tried
from gt_consumer.doctor.machine import look_at_orchestrator
from gt_consumer.orchestrator.check import check_orchestrator
from gt_consumer.studio import encode
from gt_consumer.studio.encode import check_ffmpeg, ffmpeg_program
from gt_consumer.studio.errors import EncoderError

LISTS = " ------\n V....D libx264  libx264 H.264\n A....D aac  AAC (Advanced Audio Coding)\n"


def stand_in(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a program that takes the place of ffmpeg."""
    program = folder / "ffmpeg"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(program))
    return program


def test_the_installed_one_has_what_the_studio_needs() -> None:
    assert check_ffmpeg() == ffmpeg_program()


def test_one_that_lists_both_encoders_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = stand_in(tmp_path, f"printf '{LISTS}'", monkeypatch)
    assert check_ffmpeg() == str(program)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("printf ' V....D libx265 x\\n A....D aac AAC\\n'", "has no encoder libx264"),
        ("printf ' V....D libx264rgb x\\n'", "has no encoder libx264 and aac"),
        (
            "echo 'libavcodec.so.59: cannot open shared object file' >&2; exit 127",
            "code 127: libavcodec.so.59",
        ),
        ("sleep 20", "no answer within 0.5 s"),
    ],
)
def test_one_that_cannot_encode_is_refused(
    script: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encode, "_CHECK_SECONDS", 0.5 if "sleep" in script else 30.0)
    stand_in(tmp_path, f"exec {script}" if "sleep" in script else script, monkeypatch)
    with pytest.raises(EncoderError, match=message) as caught:
        check_ffmpeg()
    assert "IMAGEIO_FFMPEG_EXE" in str(caught.value)


def test_an_ffmpeg_that_leads_nowhere_stops_the_studio_and_fails_the_doctor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = tmp_path / "none"
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(nowhere))
    said = f"ffmpeg cannot be run: {nowhere}: No such file or directory; check IMAGEIO_FFMPEG_EXE"
    with pytest.raises(OrchestratorError, match="IMAGEIO_FFMPEG_EXE") as caught:
        check_orchestrator("studio")
    assert said in str(caught.value)
    (finding,) = tried("orchestrator", look_at_orchestrator, load_settings(orchestrator="studio"))
    assert (finding.level, finding.cure) == (Level.FAIL, "check IMAGEIO_FFMPEG_EXE")
