"""Looking at a fleet's broker for gt-doctor: what is there, is it as it should be, and what may we do.

It changes nothing: a queue is declared again only when it is there, and the broker then says whether its
arguments differ; rights to publish are tried with a routing key that leads nowhere.
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
    """What a broker says.

    Parameters:
        missing: exchanges and queues that are not there, each with its kind, such as `queue gt.dlq`
        hidden: those that this user may not even look at; RabbitMQ asks for a right since 4.2.7 and 4.3.1
        queues: those that are, by name
        differing: queues with other arguments than ours, and the broker's words for it
        may_declare: whether this user may make queues; None where no queue is there to try it with
        may_publish: by exchange, of those that can be tried without leaving a trace
    """

    version: str
    missing: tuple[str, ...]
    hidden: tuple[str, ...]
    queues: dict[str, QueueInfo]
    differing: dict[str, str]
    may_declare: bool | None
    may_publish: dict[str, bool]


async def examine_broker(settings: Settings) -> BrokerStatus:
    """Look at the broker and the fleet's exchanges and queues.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError: it cannot be looked at
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
    """Give what a look at one object brings; None when this user may not look at it."""
    try:
        return await look
    except CredentialsRefusedError:
        return None


async def _compare(connection: AbstractConnection, spec: QueueSpec) -> str | None:
    """Say how a queue differs from ours, in the broker's words; None when this user may not ask."""
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
    """Tell whether this user may publish to a direct exchange; the message leads nowhere."""
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
