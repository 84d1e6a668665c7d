"""The runner with real child processes: Python orchestrators."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from structlog.testing import capture_logs

from gt_consumer.runner.outcomes import FailedForGood, FailedForNow, Interrupted, Waiting
from gt_consumer.runner.python_child import Recycling
from support.runner import (
    a_runner,
    a_story,
    assert_gone,
    processes,
    python_path,
    remaining,
    run_once,
    succeeded,
    work_folders,
)

Stages = list[tuple[str, float | None]]


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", python_path())


async def failure_of(name: str, folder: Path) -> FailedForNow:
    """Run a fake that must fail for now."""
    outcome = await run_once(f"support.orchestrators.fakes:{name}", folder)
    assert isinstance(outcome, FailedForNow), outcome
    assert outcome.failure.retryable
    assert not list((folder / "out").rglob("*.json"))
    return outcome


async def test_a_video_comes_to_its_place_with_its_result_beside_it(tmp_path: Path) -> None:
    outcome = succeeded(await run_once("support.orchestrators.fakes:success", tmp_path))
    assert outcome.output_path == tmp_path / "out" / "b1" / "1-a-title-s1.mp4"
    record = json.loads(outcome.output_path.with_suffix(".json").read_text())
    assert record["size"] == outcome.output_path.stat().st_size > 0
    assert (record["story_id"], record["video_s"], outcome.video_s) == ("s1", 61.0, 61.0)
    assert outcome.project_id == record["project_id"] == "p1"
    assert outcome.duration_s > 0
    assert work_folders(tmp_path) == []


async def test_a_story_that_is_made_is_not_made_again(tmp_path: Path) -> None:
    async with a_runner("support.orchestrators.fakes:success", tmp_path) as runner:
        first = succeeded(await runner.run(a_story(), 1, lambda *_: None))
    content = first.output_path.read_bytes()
    second = succeeded(await run_once("support.orchestrators.fakes:vanishes", tmp_path))
    assert (second.output_path, second.video_s, second.duration_s) == (first.output_path, 61.0, 0.0)
    first.output_path.write_bytes(content[:-1])
    assert isinstance(await run_once("support.orchestrators.fakes:vanishes", tmp_path), FailedForNow)


async def test_stages_come_throttled_and_bounded(tmp_path: Path) -> None:
    seen: Stages = []
    await run_once(
        "support.orchestrators.fakes:stages",
        tmp_path,
        on_stage=lambda name, share: seen.append((name, share)),
    )
    assert seen[0] == ("narration", 0.0)
    assert seen[-3:] == [("narration", 1.0), ("render", 1.0), ("last", None)]
    assert len(seen) < 20


async def test_a_listener_that_fails_does_no_harm(tmp_path: Path) -> None:
    def listener(_stage: str, _fraction: float | None) -> None:
        raise ValueError("nobody listens")

    succeeded(await run_once("support.orchestrators.fakes:stages", tmp_path, on_stage=listener))


async def test_a_pipeline_resumes_its_project_and_is_made_new_for_each_attempt(tmp_path: Path) -> None:
    async with a_runner("support.orchestrators.pipeline:create", tmp_path) as runner:
        story = a_story(checkpoints=str(tmp_path))
        with capture_logs() as logs:
            first = await runner.run(story, 1, lambda *_: None)
        assert isinstance(first, FailedForNow)
        assert first.failure.type == "OrchestratorFailed"
        assert first.failure.message == "voice service answered 503"
        assert first.project_id == "project_s1"
        note = tmp_path / "out" / ".projects" / "b1" / "s1.json"
        assert json.loads(note.read_text())["project_id"] == "project_s1"
        second = succeeded(await runner.run(story, 2, lambda *_: None))
        assert second.output_path.read_text() == "resumed=True stages=story,script,voice,render"
        assert second.video_s == 61.5
        assert not note.exists()
    line = next(entry for entry in logs if entry.get("line") == "=== Stage: story ===")
    assert (line["batch_id"], line["story_id"], line["attempt"]) == ("b1", "s1", 1)
    assert (line["event"], line["stream"]) == ("output_line_printed", "stdout")


@pytest.mark.parametrize("loss", ["removed", "broken", "complete"])
async def test_a_project_that_cannot_be_resumed_is_begun_anew_in_the_same_attempt(
    loss: str, tmp_path: Path
) -> None:
    story = a_story(checkpoints=str(tmp_path), complete=loss == "complete")
    async with a_runner("support.orchestrators.pipeline:create", tmp_path) as runner:
        await runner.run(story, 1, lambda *_: None)
        checkpoint = tmp_path / "project_s1.json"
        if loss == "removed":
            checkpoint.unlink()
        elif loss == "broken":
            checkpoint.write_text("no checkpoint")
        with capture_logs() as logs:
            second = await runner.run(story, 2, lambda *_: None)
    assert isinstance(second, FailedForNow)
    assert second.failure.message == "voice service answered 503"
    assert any("project_s1 cannot be resumed, starting over" in entry.get("line", "") for entry in logs)


async def test_a_project_that_failed_before_its_first_checkpoint_costs_no_attempt(tmp_path: Path) -> None:
    story = a_story(checkpoints=str(tmp_path), unreachable=True)
    async with a_runner("support.orchestrators.pipeline:create", tmp_path) as runner:
        for attempt, reason in ((1, "reddit answered 503"), (2, "voice service answered 503")):
            outcome = await runner.run(story, attempt, lambda *_: None)
            assert isinstance(outcome, FailedForNow)
            assert outcome.failure.message == reason
        succeeded(await runner.run(story, 3, lambda *_: None))


async def test_a_permanent_error_fails_for_good(tmp_path: Path) -> None:
    outcome = await run_once("support.orchestrators.fakes:permanent", tmp_path)
    assert isinstance(outcome, FailedForGood)
    assert (outcome.failure.type, outcome.failure.message) == ("PermanentError", "the post was deleted")
    assert not outcome.failure.retryable


async def test_a_rate_limit_waits(tmp_path: Path) -> None:
    assert await run_once("support.orchestrators.fakes:rate_limited", tmp_path) == Waiting("gemini", 42.5)


async def test_an_exception_is_told_with_stage_and_traceback(tmp_path: Path) -> None:
    failure = (await failure_of("broken", tmp_path)).failure
    assert (failure.type, failure.stage) == ("ValueError", "narration")
    assert failure.message.startswith("no voice ? for this")
    assert "hunter2" not in failure.model_dump_json()
    assert failure.traceback is not None
    assert 'raise ValueError("no voice' in failure.traceback


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("segfault", "ChildDied", "killed by SIGSEGV"),
        ("killed", "ChildDied", "killed by SIGKILL, perhaps out of memory"),
        ("vanishes", "ChildDied", "ended with exit code 7 without a result"),
        ("leaves", "SystemExit", "0"),
        ("none", "UnknownResult", "the orchestrator's result (NoneType) has no `success`"),
        ("claims", "NoVideo", "cannot be read (No such file or directory): /nowhere/video.mp4"),
        ("empty", "NoVideo", "its video is empty"),
    ],
)
async def test_what_is_no_success_fails(name: str, kind: str, text: str, tmp_path: Path) -> None:
    outcome = await failure_of(name, tmp_path)
    assert outcome.failure.type == kind
    assert text in outcome.failure.message
    assert work_folders(tmp_path) == []


async def test_a_death_shows_the_last_lines_of_standard_error(tmp_path: Path) -> None:
    killed = (await failure_of("killed", tmp_path)).failure
    assert killed.traceback == "loading a large model"
    crashed = (await failure_of("segfault", tmp_path)).failure
    assert crashed.traceback is not None
    assert "Segmentation fault" in crashed.traceback
    assert "fakes.py" in crashed.traceback


async def test_a_flood_of_output_is_drained_thinned_and_no_message(tmp_path: Path) -> None:
    with capture_logs() as logs:
        outcome = succeeded(await run_once("support.orchestrators.fakes:flood", tmp_path))
    assert outcome.output_path.read_text() == "flooded"
    printed = [entry for entry in logs if entry["part"] == "orchestrator"]
    assert 100 < len(printed) < 5000
    assert max(len(entry.get("line", "")) for entry in printed) <= 1001
    assert any(entry["event"] == "output_lines_dropped" and entry["count"] > 0 for entry in printed)


async def test_a_mapping_is_a_result_and_a_foreign_file_is_copied(tmp_path: Path) -> None:
    place = tmp_path / "elsewhere.mp4"
    outcome = succeeded(
        await run_once("support.orchestrators.fakes:as_mapping", tmp_path, a_story(place=str(place)))
    )
    assert outcome.output_path.read_bytes() == place.read_bytes() == b"kept elsewhere"
    assert outcome.video_s is None


async def test_children_stay_warm_and_are_replaced_after_their_number_of_stories(tmp_path: Path) -> None:
    recycling = Recycling(stories=2)
    async with a_runner("support.orchestrators.fakes:counting", tmp_path, recycling=recycling) as runner:
        made = [
            succeeded(await runner.run(a_story(f"s{number}"), 1, lambda *_: None)).output_path.read_text()
            for number in range(4)
        ]
    pids = [text.split()[0] for text in made]
    assert pids[0] == pids[1] != pids[2] == pids[3]
    assert [text.split()[1] for text in made] == ["1"] * 4


async def test_a_grown_child_is_replaced(tmp_path: Path) -> None:
    recycling = Recycling(growth_bytes=-1)
    async with a_runner("support.orchestrators.fakes:success", tmp_path, recycling=recycling) as runner:
        pids = {
            succeeded(await runner.run(a_story(name), 1, lambda *_: None)).output_path.read_text()
            for name in ("s1", "s2")
        }
    assert len(pids) == 2


async def test_an_idle_child_is_ended_after_its_time_and_one_that_died_costs_nothing(tmp_path: Path) -> None:
    async with a_runner("support.orchestrators.fakes:success", tmp_path) as runner:
        first = succeeded(await runner.run(a_story("s1"), 1, lambda *_: None))
        warm = psutil.Process(int(first.output_path.read_text()))
        warm.kill()
        second = succeeded(await runner.run(a_story("s2"), 1, lambda *_: None))
        assert second.output_path.read_text() != str(warm.pid)
    async with a_runner(
        "support.orchestrators.fakes:success", tmp_path, recycling=Recycling(idle_seconds=0.0)
    ) as runner:
        third = succeeded(await runner.run(a_story("s3"), 1, lambda *_: None))
        await asyncio.to_thread(assert_gone, remaining(third.output_path.read_text()))


async def test_what_a_story_leaves_behind_does_not_reach_the_next(tmp_path: Path) -> None:
    seen: Stages = []
    async with a_runner("support.orchestrators.fakes:chatters", tmp_path) as runner:
        first = succeeded(await runner.run(a_story("s1"), 1, lambda *_: None))
        second = succeeded(
            await runner.run(a_story("s2", listen=True), 1, lambda name, _: seen.append((name, None)))
        )
    assert second.output_path.read_text() == first.output_path.read_text() == str(Path.cwd())
    assert seen == []


async def test_a_factory_may_be_a_coroutine(tmp_path: Path) -> None:
    succeeded(await run_once("support.orchestrators.fakes:later", tmp_path))


async def test_what_cannot_be_loaded_fails_for_good(tmp_path: Path) -> None:
    outcome = await run_once("support.orchestrators.fakes:makes_nothing", tmp_path)
    assert isinstance(outcome, FailedForGood)
    assert outcome.failure.type == "OrchestratorError"


@pytest.mark.parametrize(("name", "grace"), [("hangs", 30.0), ("blocks", 0.2)])
async def test_the_time_limit_ends_the_whole_group(name: str, grace: float, tmp_path: Path) -> None:
    pids = tmp_path / "all.pids"
    async with a_runner(
        f"support.orchestrators.fakes:{name}", tmp_path, time_limit=4.0, grace=grace
    ) as runner:
        outcome = await runner.run(a_story(pids=str(pids)), 1, lambda *_: None)
        assert_gone(remaining(pids.read_text()))
    assert isinstance(outcome, FailedForNow)
    assert outcome.failure.type == "TimeLimitExceeded"
    assert outcome.failure.message == "stopped at the time limit of 4 s, in stage hanging"
    # The loop that is not blocked gives the orchestrator the chance to tidy up.
    assert pids.with_suffix(".tidied").exists() == (name == "hangs")


async def test_interrupt_ends_what_runs_and_nothing_else(tmp_path: Path) -> None:
    started = asyncio.Event()
    pids = tmp_path / "all.pids"
    async with a_runner("support.orchestrators.fakes:hangs", tmp_path) as runner:
        task = asyncio.create_task(runner.run(a_story(pids=str(pids)), 1, lambda *_: started.set()))
        await asyncio.wait_for(started.wait(), 60)
        living = processes(pids.read_text())
        await runner.interrupt()
        assert task.done()
        assert await task == Interrupted()
        assert_gone(living)
        assert work_folders(tmp_path) == []


async def test_a_cancelled_run_leaves_no_process(tmp_path: Path) -> None:
    started = asyncio.Event()
    pids = tmp_path / "all.pids"
    async with a_runner("support.orchestrators.fakes:blocks", tmp_path) as runner:
        task = asyncio.create_task(runner.run(a_story(pids=str(pids)), 1, lambda *_: started.set()))
        await asyncio.wait_for(started.wait(), 60)
        living = processes(pids.read_text())
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()
        assert_gone(living)


async def test_two_slots_run_at_the_same_time(tmp_path: Path) -> None:
    arrived: list[bytes] = []
    both = asyncio.Event()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.append(await reader.readline())
        if len(arrived) == 2:
            both.set()
        await both.wait()
        writer.write(b".")
        writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, a_runner("support.orchestrators.fakes:meets", tmp_path) as runner:
        outcomes = await asyncio.gather(
            *(runner.run(a_story(name, port=port), 1, lambda *_: None) for name in ("s1", "s2"))
        )
    assert [succeeded(outcome).output_path.name for outcome in outcomes] == [
        "1-a-title-s1.mp4",
        "1-a-title-s2.mp4",
    ]


def test_the_worker_stays_small() -> None:
    program = (
        "import sys, psutil; from pathlib import Path;"
        "from gt_consumer.runner.executors import make_executor;"
        "from gt_consumer.runner.runner import Runner;"
        "Runner(make_executor('command:true'), Path('out'), 1.0);"
        "print(psutil.Process().memory_info().rss);"
        "print(*sorted({'aio_pika', 'sqlalchemy', 'numpy', 'typer'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    rss, heavy = answer.stdout.splitlines()
    assert heavy == ""
    assert int(rss) < 90_000_000
