"""What runs of every kind spend reaches the runner, however they end."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from gt_consumer.orchestrator.loading import load_maker, make
from gt_consumer.runner.child_execution import ChildExecutor
from gt_consumer.runner.execution import Executor
from gt_consumer.runner.executors import make_executor
from gt_consumer.runner.inline import InlineExecutor
from gt_consumer.runner.outcomes import Interrupted, Outcome
from gt_consumer.runner.prices import Prices
from gt_consumer.runner.runner import Runner
from support.runner import a_story, python_path, succeeded
from support.waiting import until

SPEC = "support.orchestrators.spending:Spending"
PRICES = {("gemini", "character"): Decimal("0.00001")}
SPENT = {"elevenlabs": 200_000, "gemini": 12_000}
PROGRAM = """\
import json, os, signal, sys, time
def say(**line): print(json.dumps(line), flush=True)
say(cost={"provider": "elevenlabs", "amount": 0.1})
say(stage="voice", cost={"provider": "elevenlabs", "amount": 0.1})
say(usage={"provider": "gemini", "unit": "character", "quantity": 1200})
say(cost={"provider": "elevenlabs", "amount": -5})
match sys.argv[1]:
    case "fail": sys.exit(1)
    case "kill": os.kill(os.getpid(), signal.SIGKILL)
    case "hang": open(sys.argv[2], "w").close(); time.sleep(600)
open("video.mp4", "w").write("video")
say(output_path="video.mp4")
"""


@pytest.fixture(autouse=True)
def _find_orchestrators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", python_path())


class Scene:
    """A runner of one kind of orchestrator, and what its runs have told of their costs."""

    def __init__(self, executor: Executor, folder: Path, time_limit: float) -> None:
        self.folder = folder
        self.runner = Runner(executor, folder / "out", time_limit, grace=2.0, prices=Prices(PRICES))
        self.told: list[Mapping[str, int]] = []

    async def run(self, end: str) -> Outcome:
        """Run one attempt that ends in a way."""
        story = a_story(f"s-{end}", end=end, mark=str(self.folder / "hangs"))
        return await self.runner.run(story, 1, lambda *_: None, on_spent=self.told.append)


@asynccontextmanager
async def a_scene(kind: str, folder: Path, time_limit: float = 60.0) -> AsyncIterator[Scene]:
    """Yield a runner of a kind."""
    (folder / "spend.py").write_text(PROGRAM)
    executor: Executor
    match kind:
        case "child":
            executor = ChildExecutor(SPEC)
        case "inline":
            maker = load_maker(SPEC)
            executor = InlineExecutor(lambda: make(SPEC, maker))
        case _:
            command = f"command:{sys.executable} {folder}/spend.py {{options.end}} {{options.mark}}"
            executor = make_executor(command)
    scene = Scene(executor, folder, time_limit)
    try:
        yield scene
    finally:
        await scene.runner.aclose()


@pytest.mark.parametrize("kind", ["child", "inline", "command"])
async def test_what_a_run_says_that_it_spends_is_added_up(tmp_path: Path, kind: str) -> None:
    async with a_scene(kind, tmp_path) as scene:
        succeeded(await scene.run("well"))
        assert scene.told == [{"elevenlabs": 100_000}, {"elevenlabs": 200_000}, SPENT]
        scene.told.clear()
        await scene.run("fail")
        assert scene.told[-1] == SPENT, "each run counts from zero"


@pytest.mark.parametrize("kind", ["child", "command"])
async def test_the_costs_of_a_killed_run_are_kept(tmp_path: Path, kind: str) -> None:
    async with a_scene(kind, tmp_path) as scene:
        await scene.run("kill")
        assert scene.told[-1] == SPENT


@pytest.mark.parametrize(("kind", "last"), [("child", 50_000), ("inline", 50_000), ("command", None)])
async def test_a_run_that_is_stopped_may_still_say_what_its_last_call_has_cost(
    tmp_path: Path, kind: str, last: int | None
) -> None:
    async with a_scene(kind, tmp_path) as scene:
        running = asyncio.create_task(scene.run("hang"))
        await until((tmp_path / "hangs").exists)
        await scene.runner.interrupt()
        assert isinstance(await running, Interrupted)
        assert scene.told[-1] == SPENT | ({"last call": last} if last else {})
