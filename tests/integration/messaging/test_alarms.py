"""Commands while the broker has a memory or disk alarm: each has a bound, and says what it waits for."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from gt_common.errors import PublishFailedError
from gt_common.failures import Failure
from gt_common.messages import AttemptError, BatchOpened, StoryMessage, utc_now
from gt_common.messaging import topology
from gt_common.messaging.publisher import open_publisher
from gt_common.settings import Settings, load_settings
from support.broker.node import PrivateNode, needs_rabbitmq
from support.fleet import BIN, TESTS, worker
from support.publishing import WAYS, Way, interrupted, numbered_stories, stories_in_queue
from support.unique import unique
from support.waiting import until

pytestmark = [pytest.mark.broker, needs_rabbitmq]

IN_BOTH_WAYS = pytest.mark.parametrize(
    "way",
    [
        pytest.param(WAYS["one by one"], id="one by one", marks=pytest.mark.chaos),
        pytest.param(WAYS["many in one write"], id="many in one write"),
    ],
)
ALARMS = {
    "memory alarm": (("set_vm_memory_high_watermark", "0.00001"), ("set_vm_memory_high_watermark", "0.8")),
    "disk alarm": (("set_disk_free_limit", "900000000000000"), ("set_disk_free_limit", "1000000")),
}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateNode]:
    """Yield a node whose alarms concern nobody else."""
    with PrivateNode.start(tmp_path_factory.mktemp("alarms")) as node:
        yield node


@pytest.fixture
def fleet(node: PrivateNode, tmp_path: Path) -> Settings:
    """Return the settings of a fleet on that node."""
    return load_settings(
        amqp_url=node.amqp_url,
        namespace=unique("t"),
        ledger_url=f"sqlite:///{tmp_path / 'ledger.db'}",
        output=tmp_path / "outputs",
        state_dir=tmp_path / "state",
        retry_delays="1s",
    )


@pytest.fixture
def env(fleet: Settings) -> dict[str, str]:
    """Return the environment that gives a command the same settings."""
    return {
        **os.environ,
        "GT_AMQP_URL": fleet.amqp_url.get_secret_value(),
        "GT_NAMESPACE": fleet.namespace,
        "GT_LEDGER_URL": fleet.ledger,
        "GT_OUTPUT": str(fleet.output),
        "GT_STATE_DIR": str(fleet.state_dir),
        "GT_RETRY_DELAYS": "1s",
        "GT_LOG_FORMAT": "json",
        "GT_ORCHESTRATOR": "command:true {url}",
        "PYTHONPATH": str(TESTS),
        "NO_COLOR": "1",
    }


@asynccontextmanager
async def alarm(node: PrivateNode, reason: str) -> AsyncIterator[None]:
    """Raise an alarm during a block."""
    on, off = ALARMS[reason]
    await asyncio.to_thread(node.ctl, *on)
    try:
        yield
    finally:
        await asyncio.to_thread(node.ctl, *off)


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int | None
    out: str
    err: str
    seconds: float


async def run(env: dict[str, str], *command: str) -> Ended:
    begun = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        BIN / command[0],
        *command[1:],
        env=env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(90):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return Ended(process.returncode, out.decode(), err.decode(), time.monotonic() - begun)


@pytest.mark.parametrize("reason", ALARMS)
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "empty"])
async def test_the_doctor_names_the_alarm_and_makes_all_other_checks(
    node: PrivateNode, fleet: Settings, env: dict[str, str], reason: str, declared: bool
) -> None:
    if declared:
        await topology.declare(fleet)
    async with alarm(node, reason):
        done = await run(env, "gt-doctor")
    assert done.code == 3, done
    print(f"gt-doctor took {done.seconds:.1f} s")
    lines = done.out.splitlines()
    assert any(
        line.split() == ["fail", "broker", *f"takes no messages now: {reason}".split()] for line in lines
    )
    checks = {line.split()[1] for line in lines if line.startswith(("ok", "warn", "fail"))}
    assert {"broker", "rights", "queues", "ledger", "output", "orchestrator", "reddit"} <= checks
    assert done.seconds < 30, "10 s on a quiet machine"


def letter() -> StoryMessage:
    url = "https://redd.it/a1"
    story = StoryMessage(batch_id="b1", story_id="s1", position=1, url=url, canonical_url=url)
    failure = Failure(type="TimeoutError", message="no answer")
    return story.dead(AttemptError(failure=failure, generation=1, attempt=1, ended_at=utc_now()))


async def test_no_command_waits_without_a_bound_and_a_word(
    node: PrivateNode, fleet: Settings, env: dict[str, str]
) -> None:
    await topology.declare(fleet)
    async with open_publisher(fleet, "test", patience=20) as publisher:
        await publisher.event(BatchOpened(batch_id="b1", total=1))
        await publisher.dead_letter(letter())
    async with alarm(node, "memory alarm"):
        taken = await run(env, "gt-aggregate", "--until-idle")
        shown, declared, produced, waiting, replayed = await asyncio.gather(
            run(env, "gt-topology", "show"),
            run(env, "gt-topology", "declare"),
            run(env, "gt-produce", "https://redd.it/a1"),
            run(env, "gt-produce", "https://redd.it/a2", "--wait"),
            run(env, "gt-dlq", "replay", "-y", "--reason", "again"),
        )
        async with worker(env) as working:
            # It cannot publish its mark, so it does not know yet what operators have ordered.
            await working.says("broker_blocked")
            working.send(signal.SIGTERM)
            assert await working.ends() == 143
    assert (taken.code, shown.code, declared.code) == (0, 0, 0), (taken, shown, declared)
    for refused in (produced, waiting, replayed):
        assert refused.code == 3, refused
        assert "it takes no messages now (memory alarm)" in refused.err
        assert "broker_blocked" in refused.err
        assert refused.seconds < 75


def is_blocked(node: PrivateNode) -> bool:
    return "blocked" in node.ctl("list_connections", "state").split()


@IN_BOTH_WAYS
async def test_an_alarm_in_the_middle_is_named_and_what_waits_is_published_after_it(
    node: PrivateNode, fleet: Settings, way: Way
) -> None:
    await topology.declare(fleet)
    stories, confirmed = numbered_stories(1_000), list[str]()
    async with open_publisher(fleet, "test", patience=2) as publisher, alarm(node, "memory alarm"):
        with pytest.raises(PublishFailedError, match=r"it takes no messages now \(memory alarm\)"):
            await way(publisher, stories, confirmed)
    assert set(confirmed) <= {story.story_id for story in await stories_in_queue(fleet)}
    confirmed.clear()
    async with open_publisher(fleet, "test", patience=60) as publisher:
        async with alarm(node, "memory alarm"):
            waiting = asyncio.ensure_future(way(publisher, stories, confirmed))
            await until(lambda: asyncio.to_thread(is_blocked, node))
            assert not waiting.done()
        await waiting
    assert sorted(confirmed) == [story.story_id for story in stories]
    assert {story.story_id for story in await stories_in_queue(fleet)} == set(confirmed)


@IN_BOTH_WAYS
async def test_a_broker_that_stops_in_the_middle_gets_the_rest_when_it_is_back(
    node: PrivateNode, fleet: Settings, way: Way
) -> None:
    await topology.declare(fleet)
    stories, confirmed = numbered_stories(1_000), list[str]()
    async with open_publisher(fleet, "test", patience=120) as publisher:
        stopping = asyncio.ensure_future(way(publisher, interrupted(stories, {600: node.kill}), confirmed))
        await until(lambda: not node.running() and node.port_is_free(), every=0.05)
        await asyncio.to_thread(node.restart)
        async with asyncio.timeout(120):
            await stopping
    assert sorted(confirmed) == [story.story_id for story in stories]
    assert {story.story_id for story in await stories_in_queue(fleet)} == set(confirmed)
