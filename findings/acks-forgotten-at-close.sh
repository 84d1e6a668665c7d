#!/usr/bin/env bash
# RabbitMQ forgets acks on a quorum queue that were sent just before a connection is closed in an orderly way.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
packages aio-pika==10.2.1 aiormq==7.2.4 pamqp==4.0.1

run <<'PY'
"""Ack 1,000 messages one by one, or all by one ack, then close the connection: which are delivered again?"""

import asyncio
import os
import uuid

import aio_pika

CHANGED = 4
MESSAGES = 1000
ROUNDS = 5
MOST = 25
URL = os.environ["GT_AMQP_URL"]


async def publish(queue: str) -> None:
    """Put the messages into a quorum queue, each confirmed."""
    connection = await aio_pika.connect(URL, timeout=10)
    async with connection:
        channel = await connection.channel()
        await asyncio.gather(
            *(channel.default_exchange.publish(aio_pika.Message(b"x", delivery_mode=2), queue) for _ in range(MESSAGES))
        )


async def take(queue: str, *, by_one_ack: bool) -> None:
    """Take all messages, ack them, and close channel and connection at once."""
    connection = await aio_pika.connect(URL, timeout=10)
    channel = await connection.channel()
    await channel.set_qos(prefetch_count=MESSAGES)
    arrived: asyncio.Queue[aio_pika.abc.AbstractIncomingMessage] = asyncio.Queue()
    await (await channel.get_queue(queue)).consume(arrived.put)
    held = [await asyncio.wait_for(arrived.get(), 30) for _ in range(MESSAGES)]
    if by_one_ack:
        await held[-1].ack(multiple=True)
    else:
        await asyncio.gather(*(message.ack() for message in held))
    await connection.close()


async def left(queue: str) -> int:
    """Return how many messages the queue has, when two looks in a row agree."""
    connection = await aio_pika.connect(URL, timeout=10)
    async with connection:
        channel = await connection.channel()
        before = -1
        for _ in range(20):
            await asyncio.sleep(1)
            now = (await channel.declare_queue(queue, passive=True)).declaration_result.message_count or 0
            if now == before:
                return now
            before = now
    return before


async def rounds(*, by_one_ack: bool) -> list[int]:
    """Return how many messages came back in each round, each with a queue of its own; one by one until some did."""
    found: list[int] = []
    while len(found) < ROUNDS or not (by_one_ack or any(found) or len(found) == MOST):
        queue = f"finding-{uuid.uuid4().hex}"
        connection = await aio_pika.connect(URL, timeout=10)
        async with connection:
            channel = await connection.channel()
            await channel.declare_queue(queue, durable=True, arguments={"x-queue-type": "quorum"})
            try:
                await publish(queue)
                await take(queue, by_one_ack=by_one_ack)
                found.append(await left(queue))
            finally:
                await channel.queue_delete(queue)
    return found


async def main() -> int:
    connection = await aio_pika.connect(URL, timeout=10)
    async with connection:
        version = connection.transport.connection.server_properties.get("version")
        print(f"seen: RabbitMQ {version!s}, {MESSAGES} messages, acked, connection closed in an orderly way")
    singly = await rounds(by_one_ack=False)
    together = await rounds(by_one_ack=True)
    print(f"seen: acked one by one, delivered again in each round: {singly}")
    print(f"seen: acked by one ack for all, delivered again in each round: {together}")
    return 0 if any(singly) and not any(together) else CHANGED


raise SystemExit(asyncio.run(main()))
PY
