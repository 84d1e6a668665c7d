"""gt-aggregate tells what happens: once, whenever it is killed, and refuses addresses at its start."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from gt_common.messages import Event, StoryFailed
from gt_common.messaging.publisher import open_publisher
from gt_common.settings import Settings
from support.notified import NotifiedServer
from support.programs import dying_aggregator
from support.samples.events import BATCH, opened, story_event

pytestmark = pytest.mark.broker

COMMAND = str(Path(sys.executable).with_name("gt-aggregate"))
END = f"Batch {BATCH}: 30 failed, 0 videos made"
EARLY = "of 30 stories failed for the same reason"


@pytest.fixture
def server() -> Iterator[NotifiedServer]:
    """Yield a running server."""
    with NotifiedServer.run() as server:
        yield server


async def publish(settings: Settings, *events: Event) -> None:
    async with open_publisher(settings, "test", patience=10) as publisher:
        for event in events:
            await publisher.event(event)


async def run(environment: dict[str, str], *command: str) -> tuple[int, str]:
    """Run a command until it ends or is killed; return its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env=environment,
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
    )
    async with asyncio.timeout(60):
        _, said = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def aggregate(environment: dict[str, str], *moment: str) -> tuple[int, str]:
    """Run an aggregator until it is killed or its queue is empty."""
    return await run(environment, sys.executable, dying_aggregator.__file__, *moment)


async def test_thirty_failures_are_told_twice_whenever_the_aggregator_is_killed(
    settings: Settings, environment: dict[str, str], server: NotifiedServer
) -> None:
    notified = environment | {"GT_NOTIFY": f"{server.url('phone')},{server.url('dead')}"}
    server.answers["dead"] = 503
    await publish(settings, opened(30), *(story_event(StoryFailed, n, n) for n in range(1, 31)))
    for moment in ("commit", "claim", "sent"):
        code, said = await aggregate(notified, moment)
        assert code == -signal.SIGKILL, said
    code, said = await aggregate(notified)
    assert code == 0, said
    told = Counter(EARLY in one.title for one in server.of("phone"))
    # Killed before it was noted, one is repeated, and nothing else.
    assert set(told) == {True, False}
    assert told.total() == 3
    assert {one.title for one in server.of("phone") if EARLY not in one.title} == {END}
    assert "notification_failed" in said
    assert server.url("dead") not in said


async def test_an_address_that_is_none_ends_it_at_the_start(environment: dict[str, str]) -> None:
    code, said = await run(environment | {"GT_NOTIFY": "json://fine/,tgram://AbCdEf123"}, COMMAND)
    assert code == 2
    assert said.splitlines()[-1].endswith(
        "GT_NOTIFY: address 2 is not complete, or has a wrong key, for tgram://; see docs/notifications.md"
    )
    assert "AbCdEf123" not in said
