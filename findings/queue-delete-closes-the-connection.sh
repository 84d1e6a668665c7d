#!/usr/bin/env bash
# aio-pika's Queue.delete() without arguments closes the whole connection when the queue is a quorum queue.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
packages aio-pika==10.2.1 aiormq==7.2.4 pamqp==4.0.1

run <<'PY'
"""Delete an empty, unused quorum queue by the queue's own method, then by the channel's."""

import asyncio
import os
import uuid

import aio_pika


CHANGED = 4


async def connect() -> aio_pika.abc.AbstractConnection:
    return await aio_pika.connect(os.environ["GT_AMQP_URL"], timeout=10)


async def main() -> int:
    name = f"finding-{uuid.uuid4().hex}"
    connection = await connect()
    version = connection.transport.connection.server_properties.get("version")
    print(f"seen: RabbitMQ {version!s}")
    channel = await connection.channel()
    queue = await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"})
    try:
        await queue.delete(timeout=10)
        refused = ""
    except Exception as error:
        refused = f"{type(error).__name__}: {error}"
    await asyncio.sleep(0.2)
    print(f"seen: Queue.delete() of an empty queue: {refused or 'deleted'}")
    try:
        await connection.channel(publisher_confirms=False)
        alive = True
    except Exception as error:
        alive = False
        print(f"seen: the next channel on the same connection: {type(error).__name__}")
    connection = await connect()
    async with connection:
        channel = await connection.channel()
        await channel.queue_delete(name, timeout=10)
        print("seen: Channel.queue_delete(name) on a new connection: deleted")
    return 0 if refused and not alive else CHANGED


raise SystemExit(asyncio.run(main()))
PY
