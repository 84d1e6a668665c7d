"""gt-consume as a process on a real broker: slots, stops, losses, retries, recognition, plain errors."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest
from pydantic import SecretStr

from gt_common.ledger import open_ledger
from gt_common.lifecycle import BatchPhase, StoryStatus
from gt_common.messages import StoryFailed, StorySucceeded
from gt_common.messaging.pipeline import Outgoing
from gt_common.messaging.publisher import open_publisher
from gt_common.settings import Settings
from gt_consumer.worker.command import _until_empty
from gt_consumer.worker.holds import HeldStories
from gt_consumer.worker.returning import Parking
from gt_consumer.worker.worker import Worker
from support.broker.tcp_proxy import open_proxy
from support.fleet import command, depth, publish, read_runs, scripted_story, stopped, tally, worker
from support.waiting import until

pytestmark = pytest.mark.broker

Env = dict[str, str]


async def test_two_workers_share_eight_slow_stories_evenly_in_all_four_slots(
    settings: Settings, environment: Env, tmp_path: Path
) -> None:
    runs, gate = tmp_path / "runs", tmp_path / "gate"
    stories = [scripted_story("b1", n, runs, until=str(gate), seconds=0.5) for n in range(1, 9)]
    async with (
        worker(environment, "--prefetch", "2", "--worker-name", "w1") as first,
        worker(environment, "--prefetch", "2", "--worker-name", "w2") as second,
    ):
        await asyncio.gather(first.says("worker_started"), second.says("worker_started"))
        await publish(settings, *stories)
        await until(lambda: len(read_runs(runs)) == 4)
        assert await depth(settings, "stories") == 4, "a worker holds no story that it does not work on"
        gate.touch()
        await asyncio.gather(first.says("story_ended", 4), second.says("story_ended", 4))
        # One killed before its last ack would leave that story to the other, which would tell it again.
        assert await stopped(first, second) == [143, 143]
    state = await tally(environment, settings, "b1")
    assert state.phase is BatchPhase.DONE
    done = [story.event for story in state.stories.values()]
    assert Counter(event.worker for event in done if isinstance(event, StorySucceeded)) == {"w1": 4, "w2": 4}


async def test_first_sigterm_lets_the_running_story_finish_and_takes_no_other(
    settings: Settings, environment: Env, tmp_path: Path
) -> None:
    runs, gate = tmp_path / "runs", tmp_path / "gate"
    await publish(settings, *(scripted_story("b1", n, runs, until=str(gate)) for n in (1, 2)))
    async with worker(environment) as running:
        await until(lambda: len(read_runs(runs)) == 1)
        running.send(signal.SIGTERM)
        await running.says("drain_started")
        gate.touch()
        assert await running.ends() == 143
    assert await depth(settings, "stories") == 1
    counts = (await tally(environment, settings, "b1")).counts
    assert (counts[StoryStatus.SUCCESS], counts[StoryStatus.QUEUED]) == (1, 1)


@pytest.mark.parametrize("impatience", ["second signal", "grace is over"])
async def test_stopped_worker_gives_the_story_back_unspent(
    settings: Settings, environment: Env, tmp_path: Path, impatience: str
) -> None:
    runs, gate = tmp_path / "runs", tmp_path / "gate"
    await publish(settings, scripted_story("b1", 1, runs, until=str(gate)))
    grace = "60s" if impatience == "second signal" else "100ms"
    async with worker(environment, "--drain-timeout", grace) as running:
        await until(lambda: len(read_runs(runs)) == 1)
        running.send(signal.SIGINT)
        await running.says("drain_started")
        if impatience == "second signal":
            running.send(signal.SIGINT)
        assert await running.ends() == 130
    child = read_runs(runs)[0]["pid"]
    assert isinstance(child, int)
    assert not psutil.pid_exists(child)
    assert await depth(settings, "dlq") == 0
    assert await depth(settings, "stories") == 1
    gate.touch()
    async with worker(environment, "--until-empty") as other:
        assert await other.ends() == 0
    state = await tally(environment, settings, "b1")
    assert state.phase is BatchPhase.DONE
    assert [run["attempt"] for run in read_runs(runs)] == [1, 1]
    assert [(story.event.attempt, story.event.run) for story in state.stories.values() if story.event] == [
        (1, 1)
    ]


async def test_killed_worker_costs_one_attempt_and_the_story_runs_elsewhere_at_once(
    settings: Settings, environment: Env, tmp_path: Path
) -> None:
    runs, gate = tmp_path / "runs", tmp_path / "gate"
    async with worker(environment) as first:
        await first.says("worker_started")
        await publish(settings, scripted_story("b1", 1, runs, until=str(gate)))
        await until(lambda: len(read_runs(runs)) == 1)
        async with worker(environment) as second:
            await second.says("worker_started")
            killed = time.time()
            first.send(signal.SIGKILL)
            await until(lambda: len(read_runs(runs)) == 2)
            again = read_runs(runs)[1]
            assert again["attempt"] == 2
            assert isinstance(again["at"], float)
            assert again["at"] - killed < 10
            orphan = read_runs(runs)[0]["pid"]
            assert isinstance(orphan, int)
            await until(lambda: not psutil.pid_exists(orphan) or _is_zombie(orphan), deadline=10)
            gate.touch()
            await second.says("story_ended")
    state = await tally(environment, settings, "b1")
    assert state.phase is BatchPhase.DONE


def _is_zombie(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


async def test_lost_connection_is_survived_and_the_run_in_progress_is_adopted(
    settings: Settings, environment: Env, tmp_path: Path
) -> None:
    runs, gate = tmp_path / "runs", tmp_path / "gate"
    async with (
        open_proxy(settings.amqp_url.get_secret_value()) as (proxy, proxied),
        worker({**environment, "GT_AMQP_URL": proxied}) as running,
    ):
        await publish(settings, scripted_story("b1", 1, runs, until=str(gate)))
        await until(lambda: len(read_runs(runs)) == 1)
        proxy.reset()
        await running.says("run_adopted")
        gate.touch()
        await running.says("story_ended")
        running.send(signal.SIGTERM)
        assert await running.ends() == 143
    assert len(read_runs(runs)) == 1
    assert await depth(settings, "stories") == 0
    assert (await tally(environment, settings, "b1")).phase is BatchPhase.DONE


class Idle(Worker):
    """A worker without a story."""

    def __init__(self) -> None:
        pass

    @property
    def busy(self) -> bool:
        """No."""
        return False

    async def wait_until_quiet(self) -> None:
        """Return at once."""


class NothingPaused(HeldStories):
    """Pauses of a fleet in which nothing was ever paused."""

    def __init__(self) -> None:
        pass

    @property
    def busy(self) -> bool:
        """No."""
        return False

    @property
    def unavailable(self) -> str | None:
        """Nothing."""
        return None

    def parkings(self) -> list[Parking]:
        """Return none."""
        return []


async def test_until_empty_waits_out_an_outage_of_the_broker(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gt_consumer.worker.command.POLL_S", 0.01)
    async with open_proxy(settings.amqp_url.get_secret_value()) as (proxy, proxied):
        proxy.refuse()
        cut_off = settings.model_copy(update={"amqp_url": SecretStr(proxied)})
        looking = asyncio.create_task(_until_empty(cut_off, Idle(), NothingPaused()))
        await until(lambda: proxy.accepted >= 3 or looking.done())
        assert not looking.done()
        proxy.restore()
        async with asyncio.timeout(90):
            await looking


async def test_made_story_is_reported_again_and_not_made_again(
    settings: Settings, environment: Env, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    story = scripted_story("b1", 1, runs)
    for _ in range(2):
        await publish(settings, story)
        async with worker(environment, "--until-empty") as running:
            assert await running.ends() == 0
    assert len(read_runs(runs)) == 1
    state = await tally(environment, settings, "b1")
    assert (state.total, state.counts[StoryStatus.SUCCESS]) == (1, 1)
    (video,) = (settings.output / "b1").glob("*.mp4")
    assert video.name == f"1-1a-{story.story_id}.mp4"


async def test_every_way_to_fail_ends_where_it_should(
    settings: Settings, environment: Env, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    ways = ["ok", "fail", "fail_once", "permanent", "wait_once"]
    stories = [scripted_story("b1", n, runs, do=way) for n, way in enumerate(ways, start=1)]
    await publish(settings, *stories)
    async with open_publisher(settings, "test", patience=10) as publisher:
        await publisher._send(Outgoing(f"{settings.namespace}.stories", "story", b"{not json", {}))
    async with worker(environment, "--prefetch", "3", "--until-empty") as running:
        assert await running.ends(60) == 1, "it left dead letters"
    made = Counter(run["story"] for run in read_runs(runs))
    assert [made[story.story_id] for story in stories] == [1, 3, 2, 1, 2]
    state = await tally(environment, settings, "b1")
    by_way = dict(zip(ways, (state.stories[story.story_id] for story in stories), strict=True))
    statuses = {way: str(story.status) for way, story in by_way.items()}
    assert statuses == {
        "ok": "success",
        "fail": "failed",
        "fail_once": "success",
        "permanent": "failed",
        "wait_once": "success",
    }
    failed = by_way["fail"].event
    assert isinstance(failed, StoryFailed)
    assert failed.letter is not None
    assert [error.attempt for error in failed.letter.errors] == [1, 2, 3]
    assert {error.failure.type for error in failed.letter.errors} == {"TimeoutError"}
    assert failed.failure.stage == "working"
    assert "Scripted" not in (failed.failure.traceback or "x")
    assert "the voice service did not answer" in (failed.failure.traceback or "")
    assert by_way["wait_once"].event is not None
    assert by_way["wait_once"].event.attempt == 1
    assert await depth(settings, "dlq") == 3


async def test_report_is_true_while_stories_run(settings: Settings, environment: Env, tmp_path: Path) -> None:
    runs, gate = tmp_path / "runs", tmp_path / "gate"
    await publish(settings, *(scripted_story("b1", n, runs, until=str(gate)) for n in (1, 2, 3)))
    async with worker(environment, "--prefetch", "2") as running, command(environment, "gt-aggregate"):
        await until(lambda: len(read_runs(runs)) == 2)

        def two_run() -> bool:
            with open_ledger(settings.ledger) as ledger:
                if not ledger.batches():
                    return False
                counts = ledger.batch("b1").counts
            return (counts[StoryStatus.RUNNING], counts[StoryStatus.QUEUED]) == (2, 1)

        await until(two_run)
        gate.touch()
        await running.says("story_ended", 3)


@pytest.mark.parametrize(
    ("changes", "arguments", "code", "text"),
    [
        ({"GT_AMQP_URL": "amqp://guest:s3cret@127.0.0.1:1/"}, [], 3, "no broker answers"),
        ({"GT_OUTPUT": "/proc/nowhere"}, [], 2, "cannot write to the output folder"),
        ({}, ["--orchestrator", "no.such.module:thing"], 2, "no.such.module"),
        ({}, ["--orchestrator", "command:no-such-program-of-mine {url}"], 2, "no-such-program-of-mine"),
        ({}, ["--orchestrator", "nonsense"], 2, "nonsense"),
        ({"GT_PREFETCH": "many"}, [], 2, "GT_PREFETCH"),
        ({"GT_TIME_LIMIT": "soon"}, [], 2, "GT_TIME_LIMIT: invalid duration"),
    ],
)
async def test_what_is_wrong_at_the_start_is_one_clear_line(
    environment: Env, changes: Env, arguments: list[str], code: int, text: str
) -> None:
    async with command({**environment, **changes}, "gt-consume", *arguments) as running:
        assert await running.ends() == code
    (line,) = running.lines
    assert line.startswith("gt-consume: ")
    assert text in line
    assert "s3cret" not in line


async def test_wrong_password_is_exit_code_4(settings: Settings, environment: Env) -> None:
    wrong = settings.amqp_url.get_secret_value().replace("guest:guest@", "guest:wr0ng@")
    assert "wr0ng" in wrong
    async with command(
        {**environment, "GT_AMQP_URL": wrong}, "gt-consume", "--orchestrator", "command:true"
    ) as it:
        assert await it.ends() == 4
    (line,) = it.lines
    assert "refused the user name or password" in line
    assert "wr0ng" not in line


async def test_idle_worker_of_the_command_kind_is_small(settings: Settings, environment: Env) -> None:
    async with command(environment, "gt-consume", "--orchestrator", "command:true {url}") as running:
        await running.says("worker_started")
        family = [
            psutil.Process(running.process.pid),
            *psutil.Process(running.process.pid).children(recursive=True),
        ]
        used = sum(process.memory_info().rss for process in family)
    assert used < 90 * 1024 * 1024, f"{used / 1e6:.0f} MB"
