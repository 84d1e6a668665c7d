"""A failure keeps its cause: chains of errors, what was logged and printed, and the end of long messages."""

from __future__ import annotations

from pathlib import Path

import pytest

from gt_common.failures import Failure
from gt_consumer.runner.outcomes import FailedForNow, Waiting
from gt_consumer.worker.retry_policy import ErrorClass, RetryPolicy
from gt_consumer.worker.retry_rules import parse_rules
from support.orchestrators.causes import LIMITED
from support.runner import a_story, python_path, run_once

POLICY = RetryPolicy((), (10.0, 60.0))


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", python_path())


async def failed(name: str, folder: Path) -> FailedForNow:
    """Run an orchestrator that must fail for now."""
    outcome = await run_once(f"support.orchestrators.causes:{name}", folder)
    assert isinstance(outcome, FailedForNow), outcome
    return outcome


@pytest.mark.parametrize("name", ["logs_exception", "logs_configured"])
async def test_a_failed_result_has_the_chain_of_the_error_that_was_logged(name: str, tmp_path: Path) -> None:
    outcome = await failed(name, tmp_path)
    failure = outcome.failure
    assert (failure.type, failure.message) == ("OrchestratorFailed", "generate_image failed after 3 attempts")
    assert failure.causes == (
        "RuntimeError: generate_image failed after 3 attempts",
        f"ClientError: {LIMITED}",
    )
    assert failure.traceback is not None
    assert "The above exception was the direct cause" in failure.traceback
    assert POLICY.judge(a_story(), outcome) == Waiting("gemini", 36.0, "p1", error=failure.message)


async def test_logging_that_a_run_sets_up_takes_effect(tmp_path: Path) -> None:
    failure = (await failed("logs_configured", tmp_path)).failure
    assert failure.log is not None
    assert "mine: pipeline failed" in failure.log


async def test_logging_that_is_not_set_up_still_prints(tmp_path: Path) -> None:
    failure = (await failed("logs_exception", tmp_path)).failure
    assert failure.log is not None
    assert "pipeline failed: generate_image failed" in failure.log


async def test_an_error_that_is_raised_has_its_causes(tmp_path: Path) -> None:
    outcome = await failed("raises", tmp_path)
    assert outcome.failure.causes == (f"ClientError: {LIMITED}",)
    assert isinstance(POLICY.judge(a_story(), outcome), Waiting)


async def test_the_last_lines_are_kept_and_rules_look_at_them(tmp_path: Path) -> None:
    outcome = await failed("prints", tmp_path)
    assert set((outcome.failure.log or "").splitlines()) == {
        "calling the provider",
        "provider says RESOURCE_EXHAUSTED, retry after 7 s",
    }
    assert POLICY.classify(outcome.failure) is ErrorClass.TRANSIENT
    ruled = RetryPolicy(parse_rules("log:*RESOURCE_EXHAUSTED*=rate_limited"), (10.0,))
    assert ruled.judge(a_story(), outcome) == Waiting(
        "OrchestratorFailed", 7.0, error=outcome.failure.message
    )
    assert RetryPolicy(parse_rules("log:*other*=permanent"), (10.0,)).classify(outcome.failure) is (
        ErrorClass.TRANSIENT
    )


@pytest.mark.parametrize(
    ("end", "limit"), [("exit 3", 60.0), ("kill -KILL $$", 60.0), ("exec tail -f /dev/null", 1.5)]
)
async def test_a_program_leaves_its_last_lines_however_it_ends(
    end: str, limit: float, tmp_path: Path
) -> None:
    script = tmp_path / "prints.sh"
    script.write_text(f"echo standard; echo error >&2; {end}")
    outcome = await run_once(f"command:sh {script}", tmp_path, time_limit=limit)
    assert isinstance(outcome, FailedForNow)
    assert set((outcome.failure.log or "").splitlines()) == {"standard", "error"}


async def test_a_long_message_keeps_its_end(tmp_path: Path) -> None:
    message = (await failed("long_message", tmp_path)).failure.message
    assert message.startswith("FFmpeg failed: banner")
    assert message.endswith("No space left on device")
    assert len(message) == 1000


def test_the_group_of_a_long_message_is_that_of_its_start() -> None:
    start = "FFmpeg failed: " + "x" * 2000
    assert Failure(type="E", message=start).fingerprint == "74df987770c7"
    assert Failure(type="E", message=start + "another end").fingerprint == "74df987770c7"


@pytest.mark.parametrize("before", [0, 590, 1490, 1990])
def test_no_secret_is_cut_in_two_and_missed(before: int) -> None:
    message = "x" * before + " token=hunter2hunter2 " + "y" * (2000 - before)
    assert "hunter2" not in Failure(type="E", message=message).message
    assert "unter2" not in Failure(type="E", message=message).message


def test_causes_log_and_traceback_share_their_room() -> None:
    causes = tuple(f"E{number}: " + "c" * 4000 for number in range(9))
    failure = Failure(type="E", message="m", causes=causes, log="l" * 9000 + "end", traceback="t" * 9000)
    assert len(failure.causes) == 5
    assert (failure.log or "").endswith("end")
    assert sum(map(len, (*failure.causes, failure.log or "", failure.traceback or ""))) <= 4000
