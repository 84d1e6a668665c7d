"""Reading what an orchestrator gave back or raised."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from gt_common.errors import OrchestratorError, PermanentError, RateLimited
from gt_consumer.orchestrator.results import read_exception, read_result
from gt_consumer.processes.protocol import Failed, VideoMade, Wait


def test_the_nested_form_and_the_flat_one() -> None:
    project = SimpleNamespace(output_path=Path("/v/a.mp4"), total_duration=61)
    nested = SimpleNamespace(success=True, project_id="p", video_project=project)
    assert read_result(nested) == VideoMade("/v/a.mp4", 61.0, "p")
    flat = {"success": True, "output_path": "/v/a.mp4", "duration": 3.5}
    assert read_result(flat) == VideoMade("/v/a.mp4", 3.5)
    assert read_result({"success": True, "output_path": b"/v/a.mp4"}) == VideoMade("/v/a.mp4")


def test_a_relative_path_is_of_the_working_directory() -> None:
    made = read_result({"success": True, "output_path": "a.mp4"})
    assert made == VideoMade(str(Path.cwd() / "a.mp4"))


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        (None, "UnknownResult"),
        ("done", "UnknownResult"),
        ({}, "UnknownResult"),
        ({"success": "yes", "output_path": "/a"}, "UnknownResult"),
        ({"success": 1, "output_path": "/a"}, "UnknownResult"),
        ({"success": True}, "NoVideo"),
        ({"success": True, "output_path": 7}, "NoVideo"),
        ({"success": True, "output_path": ""}, "NoVideo"),
        ({"success": False, "output_path": "/a"}, "OrchestratorFailed"),
    ],
)
def test_unknown_is_never_success(result: object, kind: str) -> None:
    read = read_result(result)
    assert isinstance(read, Failed)
    assert (read.type, read.retryable) == (kind, True)


def test_a_failure_tells_its_error_and_its_project() -> None:
    read = read_result(SimpleNamespace(success=False, project_id=17, error=ValueError("no voice")))
    assert read == Failed("OrchestratorFailed", "no voice", project_id="17")


class Mute(Exception):  # noqa: N818 - a careless orchestrator
    """Cannot be printed."""

    def __str__(self) -> str:
        raise ValueError("no text")


def test_exceptions() -> None:
    assert read_exception(RateLimited("tts", 3.0)) == Wait("tts", 3.0)
    assert read_exception(ExceptionGroup("g", [ExceptionGroup("h", [RateLimited("tts", 3.0)])])) == Wait(
        "tts", 3
    )
    for error in (PermanentError("gone"), OrchestratorError("no module")):
        read = read_exception(error)
        assert isinstance(read, Failed)
        assert not read.retryable
    several = read_exception(ExceptionGroup("g", [PermanentError("gone"), ValueError("x")]))
    assert isinstance(several, Failed)
    assert (several.type, several.retryable) == ("ExceptionGroup", True)
    mute = read_exception(Mute())
    assert isinstance(mute, Failed)
    assert (mute.type, mute.message) == ("Mute", "Mute")
    long = read_exception(ValueError("x" * 100_000))
    assert isinstance(long, Failed)
    assert len(long.message) == len(long.traceback or "") == 4000
