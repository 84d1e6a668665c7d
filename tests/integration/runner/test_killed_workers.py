"""A worker, or the guard of a story's processes, is killed: no process is left behind."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from gt_consumer.runner.outcomes import FailedForNow
from support.runner import (
    TESTS,
    a_runner,
    a_story,
    assert_gone,
    processes,
    python_path,
    run_once,
    succeeded,
    work_folders,
)


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", python_path())


WORKER = """
import asyncio, sys
from pathlib import Path
from gt_consumer.runner.executors import make_executor
from gt_consumer.runner.runner import Runner
from support.runner import a_story

async def main(orchestrator, folder, pids):
    runner = Runner(make_executor(orchestrator), folder / "out", 600.0)
    await runner.run(a_story(pids=str(pids)), 1, lambda *_: print("started", flush=True))

asyncio.run(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
"""


def kill_a_worker(orchestrator: str, folder: Path, pids: Path) -> list[psutil.Process]:
    """Kill a worker in the middle of a story. Return the processes that it had, all of them running."""
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, orchestrator, str(folder), str(pids)],
        stdout=subprocess.PIPE,
        cwd=TESTS,
    )
    assert worker.stdout is not None
    with worker.stdout:
        assert worker.stdout.readline() == b"started\n"
        living = processes(pids.read_text())
        guard = living[0].parent()
        assert guard is not None
        assert all(process.is_running() for process in [guard, *living])
        worker.kill()
        worker.wait()
    return [guard, *living]


@pytest.mark.parametrize("name", ["hangs", "blocks", "command"])
async def test_nothing_outlives_a_worker_that_is_killed(name: str, tmp_path: Path) -> None:
    pids = tmp_path / "all.pids"
    script = tmp_path / "hang.sh"
    script.write_text(
        f'trap "" TERM; tail -f /dev/null & echo "$$ $!" > {pids}; echo \'{{"stage": "hanging"}}\'; wait'
    )
    kind = f"command:sh {script}" if name == "command" else f"support.orchestrators.fakes:{name}"
    assert_gone(await asyncio.to_thread(kill_a_worker, kind, tmp_path, pids))
    left = work_folders(tmp_path)
    assert left
    # The next worker on this machine clears up.
    succeeded(await run_once("support.orchestrators.fakes:success", tmp_path))
    assert work_folders(tmp_path) == []


async def test_a_guard_that_is_killed_takes_the_group_with_it(tmp_path: Path) -> None:
    started = threading.Event()
    pids = tmp_path / "all.pids"
    async with a_runner("support.orchestrators.fakes:blocks", tmp_path) as runner:
        task = asyncio.create_task(runner.run(a_story(pids=str(pids)), 1, lambda *_: started.set()))
        assert await asyncio.to_thread(started.wait, 60)
        living = processes(pids.read_text())
        guard = living[0].parent()
        assert guard is not None
        guard.kill()
        outcome = await task
        assert_gone(living)
    assert isinstance(outcome, FailedForNow)
    assert outcome.failure.type == "ChildDied"
