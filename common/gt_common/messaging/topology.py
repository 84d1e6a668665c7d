"""Exchanges, queues and bindings, declared and checked from one table.

Rules for the arguments: explicit and positive delivery limits everywhere (quorum queues of RabbitMQ 4 give
up after 20 by default, 3.x take -1 for 0), dead-lettering at least once, which needs `reject-publish`
(RabbitMQ docs: Quorum Queues, "At-Least-Once Dead Lettering").
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import ChannelClosed, ChannelNotFoundEntity

from gt_common.errors import CredentialsRefusedError, TopologyError
from gt_common.messaging.connection import close_quietly, connect, plain_errors
from gt_common.messaging.names import CRASH_LIMIT, RESULT_KEY, STORY_KEY, Names
from gt_common.rates import Rate
from gt_common.settings import Settings

NEVER_REACHED = 1_000_000
CONSUMER_TIMEOUT_MS = 6 * 3600 * 1000

_TOKENS: dict[str, str | int | bool] = {
    # A token that nobody waits for is dropped at once: a kept one would arrive too close to the next.
    "x-message-ttl": 0,
    "x-max-length": 1,
    "x-overflow": "drop-head",
}
_PAUSES: dict[str, str | int | bool] = {
    # A stream, so that a worker that starts later reads the pauses that are still in effect.
    "x-queue-type": "stream",
    "x-max-age": "2D",
    "x-stream-max-segment-size-bytes": 1_000_000,
}


class Role(StrEnum):
    """A part of the system; each needs, and may see, only some of the topology."""

    PRODUCER = "producer"
    WORKER = "worker"
    AGGREGATOR = "aggregator"
    DEAD_LETTERS = "dlq"
    FOLLOWER = "follower"
    ADMIN = "admin"


@dataclass(frozen=True)
class ExchangeSpec:
    """One exchange."""

    name: str
    kind: str
    roles: frozenset[Role]


@dataclass(frozen=True)
class QueueSpec:
    """One queue: its users, its bindings as (exchange, routing key), and its arguments."""

    name: str
    roles: frozenset[Role]
    bindings: tuple[tuple[str, str], ...]
    arguments: dict[str, str | int | bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Topology:
    """All exchanges and queues of one fleet."""

    exchanges: tuple[ExchangeSpec, ...]
    queues: tuple[QueueSpec, ...]
    exchange_bindings: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class QueueInfo:
    """State of a queue: ready messages and consumers; None if it is missing."""

    name: str
    messages: int | None
    consumers: int | None


def topology(settings: Settings) -> Topology:
    """Return the topology for these settings.

    Each delay in GT_RETRY_DELAYS and each provider in GT_RATE_LIMITS has its own queue.
    """
    names = Names(settings.namespace)
    everybody = frozenset(Role)
    exchanges = (
        ExchangeSpec(
            names.stories, "direct", frozenset({Role.PRODUCER, Role.WORKER, Role.DEAD_LETTERS, Role.ADMIN})
        ),
        ExchangeSpec(names.retry, "direct", frozenset({Role.WORKER, Role.ADMIN})),
        ExchangeSpec(names.results, "topic", everybody - {Role.FOLLOWER}),
        ExchangeSpec(
            names.progress, "topic", frozenset({Role.WORKER, Role.AGGREGATOR, Role.FOLLOWER, Role.ADMIN})
        ),
        ExchangeSpec(names.tokens, "direct", frozenset({Role.WORKER, Role.ADMIN})),
        ExchangeSpec(names.pauses, "fanout", frozenset({Role.WORKER, Role.ADMIN})),
        ExchangeSpec(names.dlx, "direct", frozenset({Role.WORKER, Role.AGGREGATOR, Role.ADMIN})),
    )
    queues = (
        _stories(names),
        *_waits(names, settings.retry_delays),
        *_ends(names),
        *_limits(names, settings.rate_limits),
    )
    return Topology(exchanges, queues, ((names.results, names.progress, "#"),))


async def declare(settings: Settings) -> Topology:
    """Declare everything that is missing.

    Raises:
        TopologyError: something exists with other arguments
        CredentialsRefusedError: the user may not declare
    """
    wanted = topology(settings)
    async with connect(settings, "gt topology") as connection:
        await _declare(connection, wanted)
    return wanted


async def ensure(settings: Settings, role: Role) -> None:
    """Check passively that everything a role needs exists; declare what is missing if allowed.

    Raises:
        TopologyError: something is missing and the user may not declare it
    """
    wanted = topology(settings)
    async with connect(settings, f"gt {role} check") as connection:
        missing = await _missing(connection, wanted, role)
        if not missing:
            return
        try:
            await _declare(connection, wanted)
        except CredentialsRefusedError:
            raise TopologyError(
                f"missing on the broker: {', '.join(missing)}, and this user may not declare; "
                "let an administrator run `gt-topology declare`"
            ) from None


async def inspect(settings: Settings, queues: Iterable[str] | None = None) -> list[QueueInfo]:
    """Return messages and consumers of queues, by default of all in the namespace."""
    names = queues or [queue.name for queue in topology(settings).queues]
    async with connect(settings, "gt inspect") as connection:
        return [await inspect_queue(connection, name) for name in names]


async def missing_exchanges(settings: Settings) -> list[str]:
    """Return the names of missing exchanges."""
    wanted = topology(settings)
    async with connect(settings, "gt inspect") as connection:
        return [spec.name for spec in wanted.exchanges if not await has_exchange(connection, spec)]


async def delete(settings: Settings) -> list[str]:
    """Delete all exchanges and queues of the namespace with their content; return their names."""
    wanted = topology(settings)
    async with connect(settings, "gt topology") as connection:
        with plain_errors("delete the topology"):
            channel = await connection.channel()
            for queue in wanted.queues:
                await channel.queue_delete(queue.name)
            for exchange in wanted.exchanges:
                await channel.exchange_delete(exchange.name)
    return [*(queue.name for queue in wanted.queues), *(exchange.name for exchange in wanted.exchanges)]


def _at_least_once(exchange: str, key: str) -> dict[str, str | int | bool]:
    return {
        "x-dead-letter-exchange": exchange,
        "x-dead-letter-routing-key": key,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def _quorum(delivery_limit: int, **more: str | int | bool) -> dict[str, str | int | bool]:
    return {
        "x-queue-type": "quorum",
        "x-quorum-initial-group-size": 3,
        "x-delivery-limit": delivery_limit,
        **more,
    }


def _stories(names: Names) -> QueueSpec:
    arguments = _quorum(CRASH_LIMIT, **_at_least_once(names.dlx, STORY_KEY))
    arguments["x-consumer-timeout"] = CONSUMER_TIMEOUT_MS
    roles = frozenset({Role.WORKER, Role.ADMIN})
    return QueueSpec(names.stories, roles, ((names.stories, STORY_KEY),), arguments)


def _waits(names: Names, delays: Iterable[float]) -> Iterable[QueueSpec]:
    for delay in sorted(set(delays)):
        name = names.retry_queue(delay)
        arguments = _quorum(NEVER_REACHED, **_at_least_once(names.stories, STORY_KEY))
        arguments["x-message-ttl"] = round(delay * 1000)
        yield QueueSpec(name, frozenset({Role.WORKER, Role.ADMIN}), ((names.retry, name),), arguments)


def _ends(names: Names) -> Iterable[QueueSpec]:
    letters = frozenset({Role.DEAD_LETTERS, Role.ADMIN})
    yield QueueSpec(names.dlq, letters, ((names.dlx, STORY_KEY),), _quorum(NEVER_REACHED))
    ledger = _quorum(1000, **_at_least_once(names.dlx, RESULT_KEY))
    ledger["x-single-active-consumer"] = True
    yield QueueSpec(
        names.ledger_queue,
        frozenset({Role.AGGREGATOR, Role.ADMIN}),
        ((names.results, "#"), (names.dlx, STORY_KEY)),
        ledger,
    )
    yield QueueSpec(names.results_dlq, letters, ((names.dlx, RESULT_KEY),), _quorum(NEVER_REACHED))


def _limits(names: Names, rates: Iterable[Rate]) -> Iterable[QueueSpec]:
    roles = frozenset({Role.WORKER, Role.ADMIN})
    for rate in rates:
        yield QueueSpec(
            names.token_queue(rate.provider), roles, ((names.tokens, rate.provider),), dict(_TOKENS)
        )
    yield QueueSpec(names.pauses, roles, ((names.pauses, ""),), dict(_PAUSES))


async def _declare(connection: AbstractConnection, wanted: Topology) -> None:
    try:
        channel = await connection.channel()
        made = {}
        for spec in wanted.exchanges:
            made[spec.name] = await channel.declare_exchange(spec.name, spec.kind, durable=True)
        for source, target, key in wanted.exchange_bindings:
            await made[target].bind(source, key)
        for queue_spec in wanted.queues:
            queue = await channel.declare_queue(
                queue_spec.name, durable=True, arguments=dict(queue_spec.arguments)
            )
            for exchange, key in queue_spec.bindings:
                await queue.bind(exchange, key)
        await close_quietly(channel)
    except ChannelClosed as error:
        if "PRECONDITION_FAILED" in str(error):
            raise TopologyError(
                f"a queue or exchange exists with other arguments ({error}); "
                "delete it with `gt-topology delete` once it is empty, or use another GT_NAMESPACE"
            ) from None
        with plain_errors("declare the topology"):
            raise


async def _missing(connection: AbstractConnection, wanted: Topology, role: Role) -> list[str]:
    missing = [
        spec.name
        for spec in wanted.exchanges
        if role in spec.roles and not await has_exchange(connection, spec)
    ]
    queues = [await inspect_queue(connection, queue.name) for queue in wanted.queues if role in queue.roles]
    return missing + [queue.name for queue in queues if queue.messages is None]


async def has_exchange(connection: AbstractConnection, spec: ExchangeSpec) -> bool:
    """Whether an exchange exists, checked passively."""
    with plain_errors(f"check the exchange {spec.name}"):
        channel = await connection.channel()
        try:
            await channel.get_exchange(spec.name, ensure=True)
        except ChannelNotFoundEntity:
            return False
        await close_quietly(channel)
        return True


async def inspect_queue(connection: AbstractConnection, name: str) -> QueueInfo:
    """Return the state of a queue, checked passively."""
    with plain_errors(f"inspect the queue {name}"):
        channel = await connection.channel()
        try:
            queue = await channel.declare_queue(name, passive=True)
        except ChannelNotFoundEntity:
            return QueueInfo(name, None, None)
        result = queue.declaration_result
        await close_quietly(channel)
        return QueueInfo(name, result.message_count or 0, result.consumer_count or 0)
