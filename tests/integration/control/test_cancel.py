"""gt-control cancel on a real broker: at once in the ledger, dropped by workers, restored by gt-dlq."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from gt_common.errors import LedgerUnreachableError
from gt_common.ledger import open_ledger, read_ledger
from gt_common.lifecycle import BatchPhase, BatchState, StoryStatus
from gt_common.messages import BatchOpened, BatchStories, StoryCancelled, StoryEntry, StoryMessage
from gt_common.messaging import topology
from gt_common.messaging.names import Names
from gt_common.messaging.topology import declare
from gt_common.settings import Settings
from gt_consumer.control import cancel as cancelling
from gt_consumer.control.command_cancel import cancel
from gt_consumer.control.orders import CancelOrder
from support.broker.node import PrivateNode, needs_rabbitmq
from support.broker.users import make_users
from support.dead_letter_queue import gt_dlq
from support.fleet import BIN, command, depth, publish, read_runs, run_command, scripted_story, worker
from support.waiting import until

pytestmark = pytest.mark.broker

Env = dict[str, str]
WAIT_S = 4.0
"""How long a retry waits in its queue."""


def order(batch: str = "b1", *stories: str) -> CancelOrder:
    """Return the order to cancel a batch, or some stories of it."""
    return CancelOrder(batch, frozenset(stories), "stop", "ann@desk", "wrong list")


def read(settings: Settings, batch: str = "b1") -> BatchState:
    """Return a batch from the ledger, empty before it is known."""
    with read_ledger(settings.ledger) as ledger:
        return ledger.batch(batch) if ledger.knows(batch) else BatchState(batch)


def statuses(settings: Settings) -> list[str]:
    """Return the statuses of the batch's stories in the order of the list."""
    stories = sorted(read(settings).stories.values(), key=lambda story: story.position)
    return [story.status.value for story in stories]


def letters(settings: Settings) -> list[StoryMessage]:
    """Return the letters that workers have dropped."""
    events = [story.event for story in read(settings).stories.values()]
    return [event.letter for event in events if isinstance(event, StoryCancelled) and event.letter]


async def order_cancel(settings: Settings, given: CancelOrder) -> int:
    """Carry out an order as the command does, in a thread, because that has its own event loop."""
    return await asyncio.to_thread(cancel, settings, given, yes=True, ask=bool, as_json=False)


@pytest.fixture
async def waiting(settings: Settings, environment: Env) -> AsyncIterator[Env]:
    """Yield an environment in which a retry waits for seconds."""
    yield environment | {"GT_RETRY_DELAYS": f"{WAIT_S:g}s"}
    await topology.delete(settings.model_copy(update={"retry_delays": (WAIT_S,)}))


async def test_a_batch_is_final_within_seconds_wherever_its_messages_are(
    settings: Settings, waiting: Env, tmp_path: Path
) -> None:
    runs, gate = tmp_path / "runs", tmp_path / "gate"
    stories = [
        scripted_story("b1", 1, runs),
        scripted_story("b1", 2, runs, do="fail"),
        scripted_story("b1", 3, runs, until=str(gate)),
        scripted_story("b1", 4, runs, do="block", busy=60),
        scripted_story("b1", 5, runs),
        scripted_story("b1", 6, runs),
    ]
    async with command(waiting, "gt-aggregate"), worker(waiting, "--prefetch", "2") as running:
        await publish(settings, *stories)
        before = ["success", "retrying", "running", "running", "queued", "queued"]
        await until(lambda: statuses(settings) == before)
        given = time.monotonic()
        assert await order_cancel(settings, order()) == 0
        assert time.monotonic() - given < 3
        assert read(settings).phase is BatchPhase.DONE_WITH_FAILURES
        assert statuses(settings) == ["success"] + ["cancelled"] * 5
        pids = [run["pid"] for run in read_runs(runs)[2:]]
        await until(lambda: not any(psutil.pid_exists(int(str(pid))) for pid in pids), deadline=20)
        assert time.monotonic() - given < 6
        await until(lambda: len(letters(settings)) == 5)
        await running.says("story_ended", 7)
        assert await depth(settings, "stories") == 0
    assert len(read_runs(runs)) == 4, "neither the queued ones ran nor the one that waited for its retry"
    assert statuses(settings) == ["success"] + ["cancelled"] * 5
    attempts = {letter.position: letter.attempt for letter in letters(settings)}
    assert attempts == {2: 2, 3: 1, 4: 1, 5: 1, 6: 1}, "a stopped run used up no attempt"
    with read_ledger(settings.ledger) as ledger:
        ends = [(span.outcome, span.ended_at is not None) for span in ledger.attempts("b1")]
    assert ends == [("success", True), ("retrying", True), ("cancelled", True), ("cancelled", True)]


async def test_a_worker_that_was_killed_and_its_successor_drop_what_can_then_be_restored(
    settings: Settings, environment: Env, tmp_path: Path
) -> None:
    runs, gate = tmp_path / "runs", tmp_path / "gate"
    stories = [scripted_story("b1", 1, runs, until=str(gate)), scripted_story("b1", 2, runs)]
    async with command(environment, "gt-aggregate"):
        async with worker(environment) as first:
            await publish(settings, *stories)
            await until(lambda: statuses(settings) == ["running", "queued"] and bool(read_runs(runs)))
            first.process.kill()
        code, said = await run_command(environment, "gt-control", "cancel", "b1", "-y", "--json")
        assert code == 0, said
        document = json.loads(said[said.index("{") : said.rindex("}") + 1])
        assert (document["cancelled"], document["stories"]["running"]) == (2, 1)
        early = await gt_dlq(environment, "restore", "--batch", "b1")
        assert (early.code, early.out.count("not yet")) == (1, 2)

        async with worker(environment, "--until-empty") as second:
            assert await second.ends() == 0
        await until(lambda: len(letters(settings)) == 2)
        assert len(read_runs(runs)) == 1
        assert statuses(settings) == ["cancelled", "cancelled"]

        restored = await gt_dlq(environment, "restore", "--batch", "b1")
        assert (restored.code, restored.out.count("as generation 2")) == (0, 2)
        await until(lambda: statuses(settings) == ["failed", "failed"])
        replayed = await gt_dlq(environment, "replay", "--batch", "b1")
        assert (replayed.code, replayed.out.count("as generation 3")) == (0, 2)
        gate.touch()
        async with worker(environment, "--until-empty") as third:
            assert await third.ends() == 0
        await until(lambda: statuses(settings) == ["success", "success"])


async def test_what_cannot_be_cancelled_is_said_in_one_line(
    settings: Settings, environment: Env, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cancelling, "TAKEN_S", 0.3)
    with open_ledger(settings.ledger) as ledger:
        entries = tuple(StoryEntry(story_id=f"s{n}", position=n, url="https://x.de/") for n in (1, 2))
        ledger.apply([BatchOpened(batch_id="b1", total=3), BatchStories(batch_id="b1", stories=entries)])
    with pytest.raises(LedgerUnreachableError, match="no aggregator took 2 events"):
        await order_cancel(settings, order())
    assert "ordered to cancel 2 stories of batch b1; before: 2 queued" in capsys.readouterr().err
    async with command(environment, "gt-aggregate", "--until-idle") as aggregator:
        assert await aggregator.ends() == 0
    assert await order_cancel(settings, order()) == 8
    told = capsys.readouterr().err
    assert "nothing to cancel in batch b1: all final already (2 cancelled)" in told
    assert "1 story of the batch not listed yet" in told


@needs_rabbitmq
async def test_a_workers_user_may_not_cancel(shared_node: PrivateNode, tmp_path: Path) -> None:
    users = make_users(shared_node, "no-operator")
    place = {"ledger_url": f"sqlite:///{tmp_path / 'ledger.db'}", "state_dir": tmp_path / "state"}
    await declare(users.settings("topology", **place))
    with open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        entry = StoryEntry(story_id="s1", position=1, url="https://x.de/")
        ledger.apply([BatchOpened(batch_id="b1", total=1), BatchStories(batch_id="b1", stories=(entry,))])
    environment = {
        "PATH": str(BIN),
        "GT_AMQP_URL": users.url("worker"),
        "GT_NAMESPACE": users.namespace,
        "GT_LEDGER_URL": f"sqlite:///{tmp_path / 'ledger.db'}",
        "GT_LOG_FORMAT": "json",
    }
    code, said = await run_command(environment, "gt-control", "cancel", "b1", "-y")
    assert code == 4, said
    [line] = [line for line in said.splitlines() if not line.startswith("{")]
    assert "may not write" in line
    assert _statuses(tmp_path) == {StoryStatus.QUEUED}
    names = Names(users.namespace)
    [info] = await topology.inspect(users.settings("topology", **place), [names.control])
    assert info.messages == 0


def _statuses(folder: Path) -> set[StoryStatus]:
    with read_ledger(f"sqlite:///{folder / 'ledger.db'}") as ledger:
        return {story.status for story in ledger.batch("b1").stories.values()}
