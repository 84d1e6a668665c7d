"""gt-dlq and its queue for tests: run commands, add dead letters, look into queues."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import aio_pika
import pytest

from gt_common.errors import GossipToonError
from gt_common.ledger import open_ledger
from gt_common.messages import Event, StoryMessage, decode_story
from gt_common.messaging.browse import browse
from gt_common.messaging.connection import connect
from gt_common.messaging.dead_letters import failed_event_of
from gt_common.messaging.delivery import Delivery
from gt_common.messaging.names import Names, is_dlx
from gt_common.messaging.publisher import open_publisher
from gt_common.messaging.topology import inspect
from gt_common.settings import Settings
from support.samples.dead_letters import make_letter
from support.samples.events import known_event
from support.waiting import until

if TYPE_CHECKING:
    from aio_pika.abc import HeadersType

GT_DLQ = str(Path(sys.executable).with_name("gt-dlq"))


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    code: int
    out: str
    err: str


async def start(environment: dict[str, str], *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        GT_DLQ,
        *arguments,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def gt_dlq(environment: dict[str, str], *arguments: str) -> Result:
    process = await start(environment, *arguments)
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    assert b"Traceback" not in err, err.decode()
    assert process.returncode is not None
    return Result(process.returncode, out.decode(), err.decode())


async def run(capsys: pytest.CaptureFixture[str], command: Callable[[], int]) -> Result:
    """Run a subcommand's function in a thread, because it has its own event loop."""
    capsys.readouterr()
    try:
        code, error = await asyncio.to_thread(command), ""
    except GossipToonError as problem:
        code, error = problem.exit_code, str(problem)
    out, err = capsys.readouterr()
    return Result(code, out, err + error)


async def depth(settings: Settings, queue: str) -> int:
    [info] = await inspect(settings, [queue])
    return info.messages or 0


async def ready(settings: Settings, queue: str, count: int) -> None:
    async def there() -> bool:
        return await depth(settings, queue) == count

    await until(there)


async def look(settings: Settings, queue: str) -> list[Delivery]:
    """Return all messages of a queue, and wait until they are back in it."""
    before = await depth(settings, queue)
    async with browse(settings, queue, "test") as deliveries:
        found = list(deliveries)
    await ready(settings, queue, before)
    return found


async def take(settings: Settings, queue: str) -> list[Delivery]:
    async with browse(settings, queue, "test") as deliveries:
        assert all([await delivery.ack() for delivery in deliveries])
        return list(deliveries)


async def move_by_hand(settings: Settings, source: str, target: str) -> int:
    """Move all messages of a queue to another as a shovel does, with their headers. Return their number."""
    async with browse(settings, source, "test") as deliveries, connect(settings, "test") as connection:
        channel = await connection.channel()
        for delivery in deliveries:
            headers = {name: value for name, value in delivery.headers.items() if name != "x-delivery-count"}
            message = aio_pika.Message(
                delivery.body,
                headers=cast("HeadersType", headers),
                content_type=delivery.content_type,
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            )
            await channel.default_exchange.publish(message, target)
            assert await delivery.ack()
        return len(deliveries)


def positions(deliveries: Iterable[Delivery]) -> list[int]:
    return [decode_story(delivery.body).position for delivery in deliveries]


def record(settings: Settings, events: Iterable[Event]) -> None:
    with open_ledger(settings.ledger) as ledger:
        ledger.apply(list(events))


async def bury(settings: Settings, letters: Iterable[StoryMessage], *, known: bool = True) -> None:
    """Put dead letters into the queue, as a worker does, and into the ledger, as the aggregator does."""
    buried = list(letters)
    before = await depth(settings, Names(settings.namespace).dlq)
    async with open_publisher(settings, "test", patience=20) as publisher:
        for letter in buried:
            await publisher.dead_letter(letter)
    if known:
        record(settings, [failed_event_of(letter) for letter in buried])
    await ready(settings, Names(settings.namespace).dlq, before + len(buried))


def mixed() -> list[StoryMessage]:
    """Return six letters of two batches, with four kinds of errors and two stages."""
    return [
        make_letter(1, "b1", kind="TimeoutError", message="gemini gave no answer"),
        make_letter(2, "b1", kind="OSError", message="disk gone", stage="mix"),
        make_letter(3, "b2", kind="TimeoutError", message="elevenlabs gave no answer"),
        make_letter(4, "b2", kind="ValueError", message="no text", stage=None),
        make_letter(5, "b1", kind="timeouterror", message="other"),
        make_letter(6, "b2", kind="OSError", message="disk gone", stage="mix"),
    ]


async def take_in(settings: Settings) -> list[Event]:
    """Store the waiting events in the ledger, as the aggregator does. Return them."""
    events = [
        failed_event_of(decode_story(delivery.body)) if is_dlx(delivery.via) else known_event(delivery.body)
        for delivery in await take(settings, Names(settings.namespace).ledger_queue)
    ]
    record(settings, events)
    return events


class Died(Exception):  # noqa: N818 - the process, not the work, ended here
    """Stands for the end of the process at a chosen moment."""
