"""What RabbitMQ itself does with many messages in one quorum queue: restart, disk, and what its counts show.

    .venv/bin/python benchmarks/broker/at_size.py [--messages N] [--rounds N]

Nothing of GossipToon is measured, so `make bench` leaves it out. Each round has a private node of its own,
of the RabbitMQ that is installed or that of the folder GT_RABBITMQ_BIN. Messages are small, persistent and
confirmed. "In no count" is what the message counts of all queues together lack.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage
from aiormq.channel import Channel

sys.path.append(str(Path(__file__).resolve().parents[1]))

from bench.figures import OURS, show
from bench.places import private_node
from gt_common.messaging.pipeline import Outgoing, Pipeline
from gt_common.messaging.specs import NEVER_REACHED, at_least_once, quorum

PLAIN: Final = "plain"
REJECTED, LETTERS = "rejected", "letters"
BODY: Final = b"x" * 200
IN_FLIGHT: Final = 2000
ACKED_TOGETHER: Final = 1000
MOST_HELD: Final = 65_535
"""Messages that a channel can hold: the largest prefetch. Without one a quorum queue hands out 2,000."""
STEADY_S: Final = 15.0
"""How long a count has to stay the same before it is believed."""
PATIENCE_S: Final = 600.0
LOOK_S: Final = 0.1
ANSWER_S: Final = 5.0
BOOT_S: Final = 300.0
HELD_S, FREED_S = 20.0, 5.0
"""Seconds from an ack to the look at the disk: while the oldest message is held, and after it."""

Figures = dict[tuple[str, str], float]
"""Numbers by what was measured and its unit."""


async def declare(url: str) -> None:
    """Declare a plain queue, and one whose messages become letters in another when they are rejected."""
    arguments = {
        PLAIN: quorum(NEVER_REACHED),
        LETTERS: quorum(NEVER_REACHED),
        REJECTED: quorum(NEVER_REACHED, **at_least_once("", LETTERS)),
    }
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        for name, given in arguments.items():
            await channel.declare_queue(name, durable=True, arguments=dict(given))


async def fill(url: str, queue: str, messages: int) -> None:
    """Publish messages and wait for every confirm."""
    message = Outgoing(exchange="", key=queue, body=BODY, headers={})
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        below = await channel.get_underlay_channel()
        assert isinstance(below, Channel)
        pipeline = Pipeline(below)
        for first in range(0, messages, IN_FLIGHT):
            group = range(first, min(first + IN_FLIGHT, messages))
            confirmed = await asyncio.gather(*(pipeline.publish(message) for _ in group))
            if not all(confirmed):
                raise RuntimeError("the broker did not confirm a message")


async def count(channel: AbstractChannel, queue: str) -> int:
    """Return how many messages the broker says are in a queue."""
    declared = await channel.declare_queue(queue, passive=True)
    return declared.declaration_result.message_count or 0


async def counted_after(url: str, messages: int, begun: float) -> float:
    """Return the seconds from `begun` until the plain queue shows all messages and keeps to it."""
    complete: float | None = None
    while complete is None or time.monotonic() - complete < STEADY_S:
        check_patience(begun)
        try:
            async with asyncio.timeout(ANSWER_S), await aio_pika.connect(url) as connection:
                shown = await count(await connection.channel(), PLAIN)
        except (OSError, TimeoutError, aio_pika.exceptions.AMQPError):
            shown = -1
        complete = (complete or time.monotonic()) if shown == messages else None
        await asyncio.sleep(LOOK_S)
    return complete - begun


async def hold_oldest(url: str, data: Path, messages: int) -> Figures:
    """Hold all messages, ack all but the oldest, then that one."""
    async with await aio_pika.connect(url) as connection:
        oldest = (await held(await connection.channel(), PLAIN, 1))[0]
        others = await hold(connection, PLAIN, messages - 1)
        hidden = messages - await count(await connection.channel(), PLAIN)
        for channel in others:
            for last in channel[(len(channel) - 1) % ACKED_TOGETHER :: ACKED_TOGETHER]:
                await last.ack(multiple=True)
        await asyncio.sleep(HELD_S)
        while_held = disk(data)
        await oldest.ack()
        await asyncio.sleep(FREED_S)
        return {
            (f"disk, {HELD_S:.0f} s after all but the oldest were acked", "MB"): while_held,
            (f"disk, {FREED_S:.0f} s after the ack of that one", "MB"): disk(data),
            ("held by consumers, in no count", "%"): 100 * hidden / messages,
        }


async def dead_letter(url: str, messages: int) -> Figures:
    """Reject all messages of a queue at one moment; watch the counts until all are in the other queue."""
    async with await aio_pika.connect(url) as connection:
        looking = await connection.channel()
        for channel in await hold(connection, REJECTED, messages):
            await channel[-1].nack(multiple=True, requeue=False)
        begun = time.monotonic()
        fewest, letters = messages, 0
        while letters < messages:
            check_patience(begun)
            # In this order what moves between the two looks is counted twice, and not left out.
            rejected, letters = await count(looking, REJECTED), await count(looking, LETTERS)
            fewest = min(fewest, rejected + letters)
            await asyncio.sleep(LOOK_S)
        return {
            ("rejected, on the way to another queue, in no count at most", "%"): 100
            * (1 - fewest / messages),
            ("all rejected are in the other queue", "s"): time.monotonic() - begun,
        }


async def hold(
    connection: AbstractConnection, queue: str, messages: int
) -> list[list[AbstractIncomingMessage]]:
    """Consume until so many messages are held; return those of each channel."""
    return [
        await held(await connection.channel(), queue, min(MOST_HELD, messages - first))
        for first in range(0, messages, MOST_HELD)
    ]


async def held(channel: AbstractChannel, queue: str, wanted: int) -> list[AbstractIncomingMessage]:
    """Consume from a queue until so many messages are held, without an ack."""
    await channel.set_qos(prefetch_count=wanted)
    arrived: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
    await (await channel.get_queue(queue)).consume(arrived.put)
    async with asyncio.timeout(PATIENCE_S):
        return [await arrived.get() for _ in range(wanted)]


def check_patience(begun: float) -> None:
    """Raise TimeoutError if something has taken too long."""
    if time.monotonic() - begun > PATIENCE_S:
        raise TimeoutError(f"the broker has not done it in {PATIENCE_S:.0f} s")


def disk(folder: Path) -> float:
    """Return the megabytes that a folder takes; files that vanish meanwhile count nothing."""
    blocks = 0
    for path in folder.rglob("*"):
        try:
            blocks += path.lstat().st_blocks
        except FileNotFoundError:
            continue
    return blocks * 512 / 1e6


def measure(messages: int) -> Figures:
    """Run one round with a node of its own."""
    with private_node() as node:
        greeting = node.start()
        print(f"{greeting}, {messages:,} messages", file=sys.stderr, flush=True)
        url, data = node.url.full, node.directory / "data"
        asyncio.run(declare(url))
        asyncio.run(fill(url, PLAIN, messages))
        ready = disk(data)
        node.stop()
        begun = time.monotonic()
        node.start(BOOT_S)
        found: Figures = {
            ("accepts connections after its start", "s"): time.monotonic() - begun,
            ("reports all messages and no longer fewer", "s"): asyncio.run(
                counted_after(url, messages, begun)
            ),
            ("disk, with all messages ready", "MB"): ready,
        }
        found |= asyncio.run(hold_oldest(url, data, messages))
        asyncio.run(fill(url, REJECTED, messages))
        return found | asyncio.run(dead_letter(url, messages))


def tell(rounds: list[Mapping[tuple[str, str], float]]) -> None:
    """Print the figures of all rounds."""
    for what, unit in rounds[0]:
        show(what, unit, "less", {OURS: [found[what, unit] for found in rounds]})


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=200_000, help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=2, help="default: %(default)s")
    given = parser.parse_args()
    tell([measure(given.messages) for _ in range(given.rounds)])


if __name__ == "__main__":
    main()
