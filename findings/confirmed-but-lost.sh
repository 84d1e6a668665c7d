#!/usr/bin/env bash
# aio-pika confirms messages that the broker returned as unroutable, when their message_id is in flight more than once.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
packages aio-pika==10.2.1 aiormq==7.2.4 pamqp==4.0.1

run <<'PY'
"""Publish four mandatory messages with one message_id to an exchange without a queue: none may be confirmed."""

import asyncio
import os
import uuid

import aio_pika
from pamqp.commands import Basic


CHANGED = 4


async def publish(exchange: aio_pika.abc.AbstractExchange, message_id: str) -> str:
    """Return how the publish ended: the class of the broker's answer, or of the error."""
    message = aio_pika.Message(b"{}", message_id=message_id, delivery_mode=2)
    try:
        answer = await exchange.publish(message, "nowhere", mandatory=True, timeout=10)
    except aio_pika.exceptions.PublishError:
        return "returned"
    return "confirmed" if isinstance(answer, Basic.Ack) else type(answer).__name__


async def main() -> int:
    connection = await aio_pika.connect(os.environ["GT_AMQP_URL"], timeout=10)
    async with connection:
        version = connection.transport.connection.server_properties.get("version")
        print(f"seen: RabbitMQ {version!s}")
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        name = f"finding-{uuid.uuid4().hex}"
        exchange = await channel.declare_exchange(name, aio_pika.ExchangeType.DIRECT, auto_delete=False)
        try:
            same = await asyncio.gather(*(publish(exchange, "same") for _ in range(4)))
            each = await asyncio.gather(*(publish(exchange, f"id-{n}") for n in range(4)))
        finally:
            await channel.exchange_delete(name)
    print(f"seen: four messages with one message_id: {', '.join(same)}")
    print(f"seen: four messages with one message_id each: {', '.join(each)}")
    described = same.count("confirmed") >= 1 and each == ["returned"] * 4
    return 0 if described else CHANGED


raise SystemExit(asyncio.run(main()))
PY
