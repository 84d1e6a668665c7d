"""Inspects a fleet's broker for gt-doctor: what exists, whether it is as expected, what the user may do.

It changes nothing: a queue is declared again only if it exists, and the broker then reports whether its
arguments differ; permissions to publish are tried with a routing key that is not bound.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

import aio_pika
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import ChannelClosed
from aiormq.exceptions import ChannelAccessRefused

from gt_common.errors import CredentialsRefusedError
from gt_common.messaging.connection import close_quietly, connect, plain_errors
from gt_common.messaging.names import Names
from gt_common.messaging.subscription import server_version
from gt_common.messaging.topology import QueueInfo, QueueSpec, has_exchange, inspect_queue, topology
from gt_common.settings import Settings

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class BrokerStatus:
    """State of the broker.

    Parameters:
        missing: exchanges and queues that do not exist, with their kind, such as `queue gt.dlq`
        hidden: those that this user may not inspect; RabbitMQ needs a permission since 4.2.7 and 4.3.1
        queues: existing queues by name
        differing: queues with unexpected arguments, and the broker's explanation
        may_declare: whether this user may declare queues; None if there is no queue to try it with
        may_publish: by exchange, for those that can be tried without leaving a trace
    """

    version: str
    missing: tuple[str, ...]
    hidden: tuple[str, ...]
    queues: dict[str, QueueInfo]
    differing: dict[str, str]
    may_declare: bool | None
    may_publish: dict[str, bool]


async def examine_broker(settings: Settings) -> BrokerStatus:
    """Inspect the broker and the fleet's exchanges and queues.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError: it cannot be inspected
    """
    wanted = topology(settings)
    names = Names(settings.namespace)
    async with connect(settings, "gt-doctor") as connection:
        exchanges = {spec.name: await _seen(has_exchange(connection, spec)) for spec in wanted.exchanges}
        queues = {spec.name: await _seen(inspect_queue(connection, spec.name)) for spec in wanted.queues}
        there = {name: info for name, info in queues.items() if info and info.messages is not None}
        answers = {
            spec.name: await _compare(connection, spec) for spec in wanted.queues if spec.name in there
        }
        publish = {
            exchange: await _may_publish(connection, exchange)
            for exchange in (names.stories, names.retry, names.dlx)
            if exchanges[exchange] is not False
        }
        absent = [f"exchange {name}" for name, found in sorted(exchanges.items()) if found is False]
        absent += [f"queue {name}" for name, info in queues.items() if info and info.messages is None]
        hidden = [f"exchange {name}" for name, found in sorted(exchanges.items()) if found is None]
        hidden += [f"queue {name}" for name, info in queues.items() if info is None]
        return BrokerStatus(
            version=server_version(connection),
            missing=tuple(absent),
            hidden=tuple(hidden),
            queues=there,
            differing={name: answer for name, answer in answers.items() if answer},
            may_declare=None if not answers else any(answer is not None for answer in answers.values()),
            may_publish=publish,
        )


async def _seen(look: Awaitable[Answer]) -> Answer | None:
    """Return the result of inspecting one object, or None if this user is not allowed to."""
    try:
        return await look
    except CredentialsRefusedError:
        return None


async def _compare(connection: AbstractConnection, spec: QueueSpec) -> str | None:
    """Return the broker's explanation of how a queue differs; None if this user may not ask."""
    with plain_errors(f"compare the queue {spec.name}"):
        channel = await connection.channel()
        try:
            await channel.declare_queue(spec.name, durable=True, arguments=dict(spec.arguments))
        except ChannelAccessRefused:
            return None
        except ChannelClosed as error:
            if "PRECONDITION_FAILED" not in str(error):
                raise
            return " ".join(str(error).split())
        await close_quietly(channel)
        return ""


async def _may_publish(connection: AbstractConnection, exchange: str) -> bool:
    """Whether this user may publish to a direct exchange; the message is not routed anywhere."""
    with plain_errors(f"publish to {exchange}"):
        channel = await connection.channel(publisher_confirms=True)
        try:
            target = await channel.get_exchange(exchange, ensure=False)
            key = f"gt-doctor.{uuid.uuid4().hex}"
            await target.publish(aio_pika.Message(b""), key, mandatory=False, timeout=5)
        except ChannelAccessRefused:
            return False
        await close_quietly(channel)
        return True
