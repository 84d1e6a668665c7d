"""What operators order while gt-batch runs, or does not: from another process, through the ledger."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from gt_common.errors import LedgerUnreachableError
from gt_common.ledger import open_ledger
from gt_common.lifecycle import BatchPhase, BatchState, StoryStatus
from gt_common.messages import BatchPaused, BatchResumed, Event, StoryCancelled
from gt_common.settings import load_settings
from gt_consumer.control.local import write_orders
from support.as_user import ALICE, as_user, needs_root
from support.fleet import command, read_runs, run_command
from support.notified import NotifiedServer
from support.samples.batches import SCRIPTED, gt_batch, no_broker, write_list
from support.waiting import until

OK: dict[str, object] = {}


def state(url: str) -> BatchState:
    """Return the batch as the ledger has it."""
    with open_ledger(url) as ledger:
        return ledger.batch("b1")


def order(url: str, *events: Event) -> None:
    """Write orders as gt-control does."""
    with open_ledger(url) as ledger:
        ledger.apply(events)


def positions(batch: BatchState, status: StoryStatus) -> list[int]:
    """Return the places of the stories at a status."""
    return sorted(story.position for story in batch.stories.values() if story.status is status)


def runs(folder: Path) -> list[dict[str, object]]:
    """Return the runs so far."""
    return read_runs(folder / "runs")


async def test_paused_it_starts_nothing_resumed_it_continues_cancelled_it_ends(
    ledger_url: str, tmp_path: Path
) -> None:
    environment = no_broker(tmp_path, GT_LEDGER_URL=ledger_url)
    gates = [tmp_path / f"gate{number}" for number in (1, 2, 3)]
    listed = write_list(tmp_path, [*({"until": str(gate)} for gate in gates), OK])
    arguments = ("-f", str(listed), "--batch-id", "b1", *SCRIPTED)
    async with command(environment, "gt-batch", *arguments) as running:
        await until(lambda: len(runs(tmp_path)) == 1)
        assert (await run_command(environment, "gt-control", "pause", "b1", "--reason", "too loud"))[0] == 0
        await running.says(": too loud")
        gates[0].touch()
        await running.says("#1 s01  success")
        # What it does after it has freed the slot, it would do before it obeys the next order.
        order(ledger_url, BatchPaused(batch_id="b1", by="anna", reason="still", revision=2))
        await running.says("batch paused by anna: still")
        assert len(runs(tmp_path)) == 1
        assert (await run_command(environment, "gt-control", "resume", "b1"))[0] == 0
        await until(lambda: len(runs(tmp_path)) == 2)
        code, said = await run_command(
            environment, "gt-control", "cancel", "b1", "-y", "--reason", "wrong list"
        )
        assert code == 0, said
        assert "cancelled 3 stories of batch b1; before: 2 queued, 1 running" in said
        assert await running.ends() == 1
        assert running.lines[-1].startswith("3 stories cancelled by ")
        assert running.lines[-1].endswith(": wrong list\n")
    batch = state(ledger_url)
    assert (batch.phase, positions(batch, StoryStatus.CANCELLED)) == (
        BatchPhase.DONE_WITH_FAILURES,
        [2, 3, 4],
    )
    assert len(runs(tmp_path)) == 2


@pytest.fixture
def server() -> Iterator[NotifiedServer]:
    """Yield a running server."""
    with NotifiedServer.run() as server:
        yield server


async def test_what_does_not_end_when_asked_is_gone_within_six_seconds_and_people_hear_of_the_end(
    server: NotifiedServer, tmp_path: Path
) -> None:
    environment = no_broker(tmp_path, GT_NOTIFY=server.url("phone"))
    url = environment["GT_LEDGER_URL"]
    listed = write_list(tmp_path, [{"do": "block", "busy": 60}, OK])
    arguments = ("-f", str(listed), "--batch-id", "b1", *SCRIPTED)
    async with command(environment, "gt-batch", *arguments) as running:
        await until(lambda: len(runs(tmp_path)) == 1)
        child = runs(tmp_path)[0]["pid"]
        assert isinstance(child, int)
        cancelling = asyncio.create_task(run_command(environment, "gt-control", "cancel", "b1", "-y"))
        await until(lambda: state(url).phase is not BatchPhase.OPEN)
        final = time.monotonic()
        await until(lambda: not psutil.pid_exists(child), every=0.02)
        assert time.monotonic() - final < 6
        assert await running.ends() == 1
        code, said = await cancelling
        assert code == 0, said
    assert [one.title for one in server.of("phone")] == ["Batch b1: 2 cancelled, 0 videos made"]


async def test_orders_that_nobody_runs_to_hear_are_obeyed_by_resume(tmp_path: Path) -> None:
    environment = no_broker(tmp_path)
    url = environment["GT_LEDGER_URL"]
    gate = tmp_path / "gate"
    listed = write_list(tmp_path, [{"until": str(gate)}, OK, OK])
    async with command(environment, "gt-batch", "-f", str(listed), "--batch-id", "b1", *SCRIPTED) as running:
        await running.says("#1 s01  running on")
        await until(lambda: len(runs(tmp_path)) == 1)
        running.process.kill()
    gate.touch()
    wanted = [story.story_id for story in state(url).stories.values() if story.position < 3]
    arguments = ("cancel", "b1", *(word for story in wanted for word in ("--story", story)), "-y")
    code, said = await run_command(environment, "gt-control", *arguments)
    assert code == 0, f"nobody runs it who could be waited for: {said}"
    assert "cancelled 2 stories of batch b1; before: 1 queued, 1 running" in said
    order(url, BatchPaused(batch_id="b1", by="anna", reason="at night"))
    async with command(environment, "gt-batch", "--resume", "b1") as resumed:
        await resumed.says(
            "batch b1 is paused by anna: at night; no story starts before: gt-control resume b1"
        )
        order(url, BatchResumed(batch_id="b1", by="anna", revision=2))
        assert await resumed.ends() == 1
    batch = state(url)
    assert positions(batch, StoryStatus.SUCCESS) == [3]
    assert positions(batch, StoryStatus.CANCELLED) == [1, 2]
    assert len(runs(tmp_path)) == 2
    again = gt_batch(environment, "--resume", "b1")
    assert (again.returncode, "nothing left to do" in again.stderr) == (1, True)


async def test_what_may_finish_is_not_stopped(tmp_path: Path) -> None:
    environment = no_broker(tmp_path)
    url = environment["GT_LEDGER_URL"]
    gate = tmp_path / "gate"
    listed = write_list(tmp_path, [{"until": str(gate)}, OK])
    arguments = ("-f", str(listed), "--batch-id", "b1", "--json", *SCRIPTED)
    async with command(environment, "gt-batch", *arguments) as running:
        await until(lambda: len(runs(tmp_path)) == 1)
        cancel = ("cancel", "b1", "--running", "finish", "-y", "--json")
        code, said = await run_command(environment, "gt-control", *cancel)
        assert code == 0, said
        assert json.loads(said[said.index("{") : said.rindex("}") + 1])["running"] == "finish"
        await running.says("#2 s02  cancelled")
        gate.touch()
        assert await running.ends() == 1
    assert positions(state(url), StoryStatus.SUCCESS) == [1]
    assert positions(state(url), StoryStatus.CANCELLED) == [2]


@needs_root
def test_who_may_only_read_the_ledger_is_refused_in_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "ledger"
    folder.mkdir()
    url = f"sqlite:///{folder / 'ledger.db'}"
    event = StoryCancelled.model_validate(
        {"batch_id": "b1", "story_id": "s", "position": 1, "url": "https://redd.it/s", "by": "alice"}
        | {"purge_at": "2027-01-01T00:00:00Z"}
    )
    order(url, event)
    for path in (tmp_path, folder, *tmp_path.parents):
        if path.is_relative_to("/tmp") and path != Path("/tmp"):
            path.chmod(0o755)
    (folder / "ledger.db").chmod(0o644)
    settings = load_settings(ledger_url=url)
    with pytest.raises(LedgerUnreachableError, match="cannot be used: attempt to write a readonly database"):
        as_user(ALICE, lambda: write_orders(settings, [event.model_copy(update={"event_id": "e2"})]))
