"""Inspects a fleet's broker for gt-doctor: what exists, whether it is as expected, what the user may do.

It changes nothing: a queue is declared again only if it exists, and the broker then reports whether its
arguments differ; permissions to publish are tried with a routing key that is not bound.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import aio_pika
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import ChannelClosed
from aiormq.exceptions import ChannelAccessRefused

from gt_common.errors import CredentialsRefusedError
from gt_common.messaging.alarms import alarm_of
from gt_common.messaging.connection import connect, plain_errors
from gt_common.messaging.lookup import Lookup, QueueInfo
from gt_common.messaging.names import Names
from gt_common.messaging.refusals import broker_words, is_different
from gt_common.messaging.topology import QueueSpec, topology, with_ladder
from gt_common.messaging.versions import server_version
from gt_common.messaging.waiting import has_ladder
from gt_common.settings import Settings

Answer = TypeVar("Answer")

_ANY_EXCHANGE = "amq.direct"
"""Exists in each virtual host; a message that is refused shows an alarm, too."""
_ANSWERS = 3
"""Answers until a message is confirmed: channel, confirm mode, confirm."""


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
        blocked: why the broker takes no messages now, such as `memory alarm`; empty if it does
    """

    version: str
    missing: tuple[str, ...]
    hidden: tuple[str, ...]
    queues: dict[str, QueueInfo]
    differing: dict[str, str]
    may_declare: bool | None
    may_publish: dict[str, bool]
    blocked: str = ""


async def examine_broker(settings: Settings) -> BrokerStatus:
    """Inspect the broker and the fleet's exchanges and queues.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError: it cannot be inspected
    """
    wanted = topology(settings)
    names = Names(settings.namespace)
    async with connect(settings, "gt-doctor") as connection:
        lookup = Lookup(connection)
        if await has_ladder(lookup, names):
            wanted = with_ladder(wanted, settings)
        exchanges = {spec.name: await _seen(lookup.has_exchange(spec.name)) for spec in wanted.exchanges}
        queues = {spec.name: await _seen(lookup.queue(spec.name)) for spec in wanted.queues}
        there = {name: info for name, info in queues.items() if info and info.messages is not None}
        answers = {spec.name: await _compare(lookup, spec) for spec in wanted.queues if spec.name in there}
        asked = [name for name in (names.stories, names.retry, names.dlx) if exchanges[name] is not False]
        blocked, publish = await _try_publishing(settings, asked)
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
            blocked=blocked,
        )


async def _seen(look: Awaitable[Answer]) -> Answer | None:
    """Return the result of inspecting one object, or None if this user is not allowed to."""
    try:
        return await look
    except CredentialsRefusedError:
        return None


async def _compare(lookup: Lookup, spec: QueueSpec) -> str | None:
    """Return the broker's explanation of how a queue differs; None if this user may not ask."""
    with plain_errors(f"compare the queue {spec.name}"):
        channel = await lookup.channel()
        try:
            await channel.declare_queue(spec.name, durable=True, arguments=dict(spec.arguments))
        except ChannelAccessRefused:
            return None
        except ChannelClosed as error:
            if not is_different(error):
                raise
            return broker_words(error)
        return ""


async def _try_publishing(settings: Settings, exchanges: Sequence[str]) -> tuple[str, dict[str, bool]]:
    """Return why the broker takes no messages, empty if it does, and where this user may publish.

    An alarm blocks the whole connection that publishes, so this has one of its own.
    """
    async with connect(settings, "gt-doctor (publishes)") as connection:
        alarm = alarm_of(connection)
        trying = asyncio.create_task(_may_publish(connection, exchanges or [_ANY_EXCHANGE]))
        raised = asyncio.create_task(alarm.raised.wait())
        try:
            patience_s = _ANSWERS * settings.connect_timeout
            await asyncio.wait({trying, raised}, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
            if alarm.reason:
                return alarm.reason, {}
            if not trying.done():
                return f"no confirm within {patience_s:g} s", {}
            may = trying.result()
            return "", {name: may[name] for name in exchanges}
        finally:
            for task in (trying, raised):
                task.cancel()
            await asyncio.gather(trying, raised, return_exceptions=True)


async def _may_publish(connection: AbstractConnection, exchanges: Sequence[str]) -> dict[str, bool]:
    """Return whether this user may publish to direct exchanges; the messages are not routed anywhere."""
    may: dict[str, bool] = {}
    for exchange in exchanges:
        with plain_errors(f"publish to {exchange}"):
            channel = await connection.channel(publisher_confirms=True)
            target = await channel.get_exchange(exchange, ensure=False)
            try:
                key = f"gt-doctor.{uuid.uuid4().hex}"
                await target.publish(aio_pika.Message(b""), key, mandatory=False)
                may[exchange] = True
            except ChannelAccessRefused:
                may[exchange] = False
    with plain_errors("open a channel"):
        # The first message of a connection is confirmed even under an alarm; nothing after it is read.
        await connection.channel()
    return may
