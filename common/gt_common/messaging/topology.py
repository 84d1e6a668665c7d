"""Exchanges, queues and bindings, declared and checked from one table."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import ChannelClosed

from gt_common.errors import CredentialsRefusedError, TopologyError
from gt_common.log import get_logger
from gt_common.messaging.backoff import Backoff
from gt_common.messaging.connection import connect, plain_errors
from gt_common.messaging.ladder import ladder_end, ladder_exchanges, ladder_queues
from gt_common.messaging.lookup import Lookup, QueueInfo
from gt_common.messaging.names import CRASH_LIMIT, LETTER_KEY, RECORD_KEY, RESULT_KEY, STORY_KEY, Names
from gt_common.messaging.refusals import broker_words, is_different
from gt_common.messaging.specs import (
    NEVER_REACHED,
    ExchangeSpec,
    QueueSpec,
    Role,
    at_least_once,
    quorum,
)
from gt_common.rates import Rate
from gt_common.settings import Settings

__all__ = ["ExchangeSpec", "QueueSpec", "Role"]
"""Names of others that come with a topology."""

log = get_logger("messaging")

SETTLING_S = 5.0
"""How long what is missing may be in the making: another program declares it at this moment."""
_MOST_NAMED = 12
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
_CONTROL: dict[str, str | int | bool] = {
    # A stream without a limit of age: a worker that starts after years must not run what was cancelled.
    "x-queue-type": "stream",
}
_PRESENCE: dict[str, str | int | bool] = {
    # A stream, so that a command that starts later hears of the last minute; readers need no queue.
    "x-queue-type": "stream",
    "x-max-age": "1h",
    "x-stream-max-segment-size-bytes": 1_000_000,
}


@dataclass(frozen=True)
class Topology:
    """All exchanges and queues of one fleet.

    Parameters:
        obsolete: bindings between exchanges (source, target, key) that earlier versions made
    """

    exchanges: tuple[ExchangeSpec, ...]
    queues: tuple[QueueSpec, ...]
    obsolete: tuple[tuple[str, str, str], ...]


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
        ExchangeSpec(names.control, "fanout", frozenset({Role.OPERATOR, Role.AGGREGATOR, Role.ADMIN})),
        ExchangeSpec(names.marks, "direct", frozenset({Role.OPERATOR, Role.WORKER, Role.ADMIN})),
        ExchangeSpec(names.presence, "fanout", frozenset({Role.WORKER, Role.OPERATOR, Role.ADMIN})),
        ExchangeSpec(names.parked, "direct", frozenset({Role.WORKER, Role.ADMIN})),
        ExchangeSpec(names.dlx, "direct", frozenset({Role.WORKER, Role.AGGREGATOR, Role.ADMIN})),
    )
    queues = (
        _stories(names),
        *_waits(names, settings.retry_delays),
        *_ends(names),
        *_limits(names, settings.rate_limits),
        *_control(names),
    )
    return Topology(exchanges, queues, ((names.results, names.progress, "#"),))


def with_ladder(wanted: Topology, settings: Settings) -> Topology:
    """Return a topology together with the wait queues for start times.

    They are declared by `gt-topology declare`, and otherwise when the first story needs them: most fleets
    use none, and 22 queues take a moment.
    """
    names = Names(settings.namespace)
    stories, *others = wanted.queues
    stories = replace(stories, bindings=(*stories.bindings, ladder_end(names)))
    exchanges = (*wanted.exchanges, *ladder_exchanges(names))
    return replace(wanted, exchanges=exchanges, queues=(stories, *others, *ladder_queues(names)))


async def declare(settings: Settings, *, ladder: bool = False) -> Topology:
    """Declare everything that is missing.

    Parameters:
        ladder: whether the wait queues for start times, too

    Raises:
        TopologyError: something exists with other arguments
        CredentialsRefusedError: the user may not declare
    """
    wanted = topology(settings)
    if ladder:
        wanted = with_ladder(wanted, settings)
    async with connect(settings, "gt topology") as connection:
        await _declare(connection, wanted)
    return wanted


async def ensure(settings: Settings, role: Role, *, ladder: bool = False) -> None:
    """Check passively that everything a role needs exists; declare what is missing if allowed.

    Parameters:
        ladder: whether it needs the wait queues for start times

    Raises:
        TopologyError: something is missing and the user may not declare it
    """
    wanted = topology(settings)
    if ladder:
        wanted = with_ladder(wanted, settings)
    async with connect(settings, f"gt {role} check") as connection:
        if await _missing(connection, wanted, role):
            try:
                await _declare(connection, wanted)
            except CredentialsRefusedError:
                await _wait_until_declared(connection, wanted, role)
        if role is Role.AGGREGATOR:
            await _unbind_obsolete(connection, wanted)


async def inspect(settings: Settings, queues: Iterable[str] | None = None) -> list[QueueInfo]:
    """Return messages and consumers of queues, by default of all in the namespace."""
    names = queues or [queue.name for queue in topology(settings).queues]
    async with connect(settings, "gt inspect") as connection:
        lookup = Lookup(connection)
        return [await lookup.queue(name) for name in names]


async def missing_exchanges(settings: Settings, wanted: Topology) -> list[str]:
    """Return the names of missing exchanges."""
    async with connect(settings, "gt inspect") as connection:
        lookup = Lookup(connection)
        return [spec.name for spec in wanted.exchanges if not await lookup.has_exchange(spec.name)]


async def delete(settings: Settings, others: Iterable[str] = ()) -> list[str]:
    """Delete all exchanges and queues of the namespace with their content; return their names.

    Parameters:
        others: further queues of the namespace, which these settings do not name
    """
    wanted = with_ladder(topology(settings), settings)
    async with connect(settings, "gt topology") as connection:
        with plain_errors("delete the topology"):
            channel = await connection.channel()
            for name in (*(queue.name for queue in wanted.queues), *others):
                await channel.queue_delete(name)
            for exchange in wanted.exchanges:
                await channel.exchange_delete(exchange.name)
    queues = [*(queue.name for queue in wanted.queues), *others]
    return [*queues, *(exchange.name for exchange in wanted.exchanges)]


def _stories(names: Names) -> QueueSpec:
    arguments = quorum(CRASH_LIMIT, **at_least_once(names.dlx, STORY_KEY))
    arguments["x-consumer-timeout"] = CONSUMER_TIMEOUT_MS
    roles = frozenset({Role.WORKER, Role.ADMIN})
    return QueueSpec(names.stories, roles, ((names.stories, STORY_KEY),), arguments)


def _waits(names: Names, delays: Iterable[float]) -> Iterable[QueueSpec]:
    for delay in sorted(set(delays)):
        name = names.retry_queue(delay)
        arguments = quorum(NEVER_REACHED, **at_least_once(names.stories, STORY_KEY))
        arguments["x-message-ttl"] = round(delay * 1000)
        yield QueueSpec(name, frozenset({Role.WORKER, Role.ADMIN}), ((names.retry, name),), arguments)


def _ends(names: Names) -> Iterable[QueueSpec]:
    letters = frozenset({Role.DEAD_LETTERS, Role.ADMIN})
    letter_keys = ((names.dlx, STORY_KEY), (names.dlx, LETTER_KEY))
    yield QueueSpec(names.dlq, letters, letter_keys, quorum(NEVER_REACHED))
    ledger = quorum(1000, **at_least_once(names.dlx, RESULT_KEY))
    ledger["x-single-active-consumer"] = True
    yield QueueSpec(
        names.ledger_queue,
        frozenset({Role.AGGREGATOR, Role.ADMIN}),
        ((names.results, "#"), (names.dlx, STORY_KEY), (names.dlx, RECORD_KEY)),
        ledger,
    )
    yield QueueSpec(names.results_dlq, letters, ((names.dlx, RESULT_KEY),), quorum(NEVER_REACHED))


def _limits(names: Names, rates: Iterable[Rate]) -> Iterable[QueueSpec]:
    roles = frozenset({Role.WORKER, Role.ADMIN})
    for rate in rates:
        yield QueueSpec(
            names.token_queue(rate.provider), roles, ((names.tokens, rate.provider),), dict(_TOKENS)
        )
    yield QueueSpec(names.pauses, roles, ((names.pauses, ""),), dict(_PAUSES))


def _control(names: Names) -> Iterable[QueueSpec]:
    yield QueueSpec(
        names.control,
        frozenset({Role.OPERATOR, Role.WORKER, Role.ADMIN}),
        ((names.control, ""), (names.marks, names.control)),
        dict(_CONTROL),
    )
    yield QueueSpec(
        names.presence,
        frozenset({Role.OPERATOR, Role.WORKER, Role.ADMIN}),
        ((names.presence, ""), (names.marks, names.presence)),
        dict(_PRESENCE),
    )


async def _declare(connection: AbstractConnection, wanted: Topology) -> None:
    """Declare queues, then each exchange with its bindings: who sees an exchange can soon publish to it."""
    with plain_errors("declare the topology"):
        channel = await connection.channel()
        try:
            for queue in wanted.queues:
                await channel.declare_queue(queue.name, durable=True, arguments=dict(queue.arguments))
            for spec in wanted.exchanges:
                exchange = await channel.declare_exchange(spec.name, spec.kind, durable=True)
                for target, key in spec.leads_to:
                    await (await channel.get_exchange(target, ensure=False)).bind(exchange, key)
                for queue in wanted.queues:
                    for key in (key for source, key in queue.bindings if source == exchange.name):
                        bound = await channel.get_queue(queue.name, ensure=False)
                        await bound.bind(exchange, key)
        except ChannelClosed as error:
            if not is_different(error):
                raise
            raise TopologyError(
                f"a queue or exchange exists with other arguments ({broker_words(error)}); "
                "delete it with `gt-topology delete` once it is empty, or use another GT_NAMESPACE"
            ) from None
    await _unbind_obsolete(connection, wanted)


async def _unbind_obsolete(connection: AbstractConnection, wanted: Topology) -> None:
    """Remove bindings of earlier versions; removing one that does not exist changes nothing."""
    try:
        with plain_errors("remove the bindings of an earlier version"):
            channel = await connection.channel()
            for source, target, key in wanted.obsolete:
                exchange = await channel.get_exchange(target, ensure=False)
                await exchange.unbind(source, key)
    except CredentialsRefusedError as error:
        log.warning("obsolete_bindings_retained", error=str(error), hint="run `gt-topology declare`")


async def _wait_until_declared(connection: AbstractConnection, wanted: Topology, role: Role) -> None:
    """Wait a moment for what another program may be declaring.

    Raises:
        TopologyError: something is still missing
    """
    backoff = Backoff(ceiling=1.0)
    until = time.monotonic() + SETTLING_S
    while missing := await _missing(connection, wanted, role):
        if time.monotonic() >= until or len(missing) == _count(wanted, role):
            raise TopologyError(
                f"missing on the broker: {_some(missing)}, and this user may not declare; "
                "let an administrator run `gt-topology declare`"
            )
        await backoff.wait()


def _some(names: Sequence[str]) -> str:
    """Return the first of some names, and how many more there are."""
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


async def _missing(connection: AbstractConnection, wanted: Topology, role: Role) -> list[str]:
    lookup = Lookup(connection)
    exchanges = [spec.name for spec in wanted.exchanges if role in spec.roles]
    missing = [name for name in exchanges if not await lookup.has_exchange(name)]
    queues = [await lookup.queue(queue.name) for queue in wanted.queues if role in queue.roles]
    return missing + [queue.name for queue in queues if queue.messages is None]


def _count(wanted: Topology, role: Role) -> int:
    roles = [spec.roles for spec in wanted.exchanges] + [queue.roles for queue in wanted.queues]
    return sum(role in allowed for allowed in roles)
