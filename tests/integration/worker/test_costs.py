"""What stories cost, from the orchestrator over the broker to the ledger, also of a worker that is killed."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from gt_common.ledger import open_ledger
from gt_common.lifecycle import BatchPhase
from gt_common.settings import Settings
from support.fleet import command, publish, scripted_story, tally
from support.waiting import until

pytestmark = pytest.mark.broker

Env = dict[str, str]
CHILD = "support.orchestrators.spending:Spending"
PROGRAM = """\
print('{"cost": {"provider": "elevenlabs", "amount": 0.1}}')
open("video.mp4", "w").write("video")
print('{"output_path": "video.mp4"}')
"""
SPENT = 212_000


async def test_ten_cents_a_story(settings: Settings, environment: Env, tmp_path: Path) -> None:
    (tmp_path / "dime.py").write_text(PROGRAM)
    await publish(settings, *(scripted_story("b1", number, tmp_path) for number in (1, 2, 3)))
    line = f"command:{sys.executable} {tmp_path}/dime.py"
    async with command(environment, "gt-consume", "--orchestrator", line, "--until-empty") as worker:
        assert await worker.ends() == 0, worker.lines
    state = await tally(environment, settings, "b1")
    assert [story.cost for story in state.stories.values()] == [100_000] * 3
    with open_ledger(settings.ledger) as ledger:
        head = ledger.head("b1")
        assert (head.cost, head.cost_wasted) == (300_000, 0)


async def test_what_a_killed_worker_was_told_is_kept_and_wasted(
    settings: Settings, environment: Env, tmp_path: Path
) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text("gemini.character = 0.00001\n")
    environment = {**environment, "GT_PRICES": str(prices)}
    await publish(settings, scripted_story("b1", 1, tmp_path, end="hang", mark=str(tmp_path / "hangs")))
    async with (
        command(environment, "gt-aggregate"),
        command(environment, "gt-consume", "--orchestrator", CHILD) as worker,
    ):
        with open_ledger(settings.ledger) as ledger:
            await until(lambda: ledger.knows("b1") and ledger.head("b1").cost == SPENT, deadline=60)
            assert ledger.head("b1").cost_wasted == 0, "the run that has spent it is still running"
        worker.send(signal.SIGKILL)
        assert await worker.ends() == -signal.SIGKILL
    async with command(environment, "gt-consume", "--orchestrator", CHILD, "--until-empty") as other:
        assert await other.ends() == 0, other.lines
    state = await tally(environment, settings, "b1")
    assert (state.phase, state.cost, state.cost_wasted) == (BatchPhase.DONE, 2 * SPENT, SPENT)


@pytest.mark.parametrize("name", ["gt-consume", "gt-batch"])
async def test_prices_that_cannot_be_read_are_one_line_and_exit_code_2(
    environment: Env, tmp_path: Path, name: str
) -> None:
    environment = {**environment, "GT_PRICES": str(tmp_path / "none.toml")}
    arguments = ["https://redd.it/abc"] if name == "gt-batch" else []
    async with command(environment, name, *arguments, "--orchestrator", "command:true") as running:
        assert await running.ends() == 2
    assert running.lines == [
        f"{name}: GT_PRICES: {tmp_path}/none.toml cannot be read: No such file or directory\n"
    ]
