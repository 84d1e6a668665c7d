"""Stop rules on a real broker: the workers get the order, the ledger the pause, also after a kill."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import support.programs.killed_aggregator as killed_aggregator
from gt_common.ledger import open_ledger
from gt_common.messages import BatchOpened, BatchPaused, Event, FailureLimit, StoryFailed
from gt_common.messaging.control.notices import ControlOrder, HoldNotice
from gt_common.messaging.control.stream import read_control
from gt_common.messaging.publisher import open_publisher
from gt_common.settings import Settings
from support.fleet import command, scripted_story
from support.fleet import publish as publish_stories
from support.samples.events import BATCH, opened, story_event
from support.waiting import until

pytestmark = pytest.mark.broker

EVENTS: list[Event] = [
    opened(40, max_failures=FailureLimit(percent=10)),
    *(story_event(StoryFailed, number, 1) for number in range(1, 6)),
]


async def publish(settings: Settings, events: Sequence[Event]) -> None:
    async with open_publisher(settings, "test", patience=20) as publisher:
        await asyncio.gather(*map(publisher.event, events))


async def check_paused(settings: Settings) -> None:
    """Check that workers and ledger know of the same pause."""
    with open_ledger(settings.ledger) as ledger:
        hold = ledger.hold(BATCH)
        assert len(ledger.events(BATCH, ["batch.paused"])) == 1
    assert isinstance(hold, BatchPaused)
    assert hold.by == "stop rule"
    assert hold.reason is not None
    assert hold.reason.endswith("of 40 stories failed (limit 10 %)")
    orders: list[ControlOrder] = []
    async with (
        asyncio.timeout(20),
        open_publisher(settings, "test", patience=20) as publisher,
        read_control(settings, publisher, "test", orders.append) as reader,
    ):
        await reader.wait_ready()
    [order] = orders
    assert isinstance(order, HoldNotice)
    assert (order.by, order.reason, order.revision) == (hold.by, hold.reason, hold.revision)


async def test_killed_after_the_commit_it_is_made_up_for_at_the_next_start(
    settings: Settings, environment: dict[str, str]
) -> None:
    await publish(settings, EVENTS)
    async with command(environment, sys.executable, killed_aggregator.__file__) as killed:
        assert await killed.ends() == -signal.SIGKILL
    with open_ledger(settings.ledger) as ledger:
        assert ledger.hold(BATCH) is None
    async with command(environment, "gt-aggregate", "--until-idle") as aggregator:
        assert await aggregator.ends() == 0, aggregator.lines
        assert any("batch_stopped" in line for line in aggregator.lines)
    await check_paused(settings)


PROGRAM = """\
import time
print('{"cost": {"provider": "elevenlabs", "amount": 0.1}}', flush=True)
time.sleep(1)
open("video.mp4", "w").write("video")
print('{"output_path": "video.mp4"}')
"""


async def test_a_batch_spends_no_more_than_its_limit_and_what_was_running(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "dime.py").write_text(PROGRAM)
    await publish(settings, [BatchOpened(batch_id="b1", total=8, max_cost=400_000)])
    await publish_stories(settings, *(scripted_story("b1", number, tmp_path) for number in range(1, 9)))
    line = f"command:{sys.executable} {tmp_path}/dime.py"
    async with (
        command(environment, "gt-aggregate") as aggregator,
        command(environment, "gt-consume", "--prefetch", "2", "--orchestrator", line) as worker,
    ):
        await aggregator.says("batch_stopped")
        await worker.says("pause_ordered")
        with open_ledger(settings.ledger) as ledger:
            await until(lambda: not ledger.batch("b1").running)
            head, hold = ledger.head("b1"), ledger.hold("b1")
    assert isinstance(hold, BatchPaused)
    assert hold.reason is not None
    assert hold.reason.endswith("USD spent (limit 0.40 USD)")
    assert head.cost in {400_000, 500_000, 600_000}
