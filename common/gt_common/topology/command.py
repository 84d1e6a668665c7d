"""gt-topology: declare, show or delete the exchanges and queues of a namespace; print messages' schemas."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from gt_common.cli.listing import say
from gt_common.errors import (
    CredentialsRefusedError,
    ExitCode,
    StoppedByRuleError,
    TopologyError,
    UsageError,
)
from gt_common.log import configure_logging
from gt_common.messaging import topology
from gt_common.messaging.control.standing import read_pauses
from gt_common.messaging.forgotten import forgotten_wait_queues
from gt_common.messaging.lookup import QueueInfo
from gt_common.messaging.names import Names
from gt_common.messaging.waiting import ladder_exists
from gt_common.settings import Settings, load_settings
from gt_common.texts import plural


@dataclass(frozen=True)
class FleetTopology:
    """The exchanges and queues of a namespace on the broker.

    Parameters:
        exchanges: by name, whether it exists
        ladder: names of the exchanges and queues for start times, which are shown together
        streams: names of the queues that keep what was read
        parked: queues with the stories of paused batches
    """

    exchanges: dict[str, bool]
    queues: tuple[QueueInfo, ...]
    ladder: frozenset[str] = frozenset()
    streams: frozenset[str] = frozenset()
    parked: tuple[QueueInfo, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return all(self.exchanges.values()) and all(queue.messages is not None for queue in self.queues)

    @property
    def existing(self) -> dict[str, list[str]]:
        """The names of what exists, queues first: they are deleted in that order."""
        return {
            "queue": [queue.name for queue in (*self.queues, *self.parked) if queue.messages is not None],
            "exchange": [name for name, there in self.exchanges.items() if there],
        }

    @property
    def labels(self) -> list[str]:
        """What exists, each with its kind, as an exchange and a queue may have the same name."""
        return [f"{kind} {name}" for kind, names in self.existing.items() for name in names]

    @property
    def in_use(self) -> list[QueueInfo]:
        """Queues with messages or consumers; consumers may hold messages that are not counted.

        What is in a stream waits for nobody.
        """
        queues = (*self.queues, *self.parked)
        waiting = {queue.name for queue in queues if queue.messages} - self.streams
        return [queue for queue in queues if queue.consumers or queue.name in waiting]


def declare(*, as_json: bool) -> int:
    """Declare what is missing and print what exists now."""
    settings = _settings()
    asyncio.run(topology.declare(settings, ladder=True))
    return _print(settings, asyncio.run(look(settings)), as_json=as_json)


def show(*, as_json: bool) -> int:
    """Print what exists and what is missing."""
    settings = _settings()
    return _print(settings, asyncio.run(look(settings)), as_json=as_json)


def delete(*, yes: bool, as_json: bool) -> int:
    """Delete everything that exists, with the wait queues of delays that are not configured any more.

    Raises:
        StoppedByRuleError: a queue is in use, and `yes` was not given
    """
    settings = _settings()
    fleet = asyncio.run(look(settings))
    forgotten = asyncio.run(forgotten_wait_queues(settings))
    fleet = replace(fleet, queues=(*fleet.queues, *forgotten))
    if fleet.in_use and not yes:
        say(f"would delete: {', '.join(fleet.labels)}")
        raise StoppedByRuleError(
            f"nothing was deleted: {', '.join(map(_use, fleet.in_use))}; -y deletes them anyway"
        )
    if fleet.labels:
        others = [queue.name for queue in (*forgotten, *fleet.parked)]
        asyncio.run(topology.delete(settings, others))
    if as_json:
        deleted = {f"{kind}s": names for kind, names in fleet.existing.items()}
        print(json.dumps({"schema": 1, "namespace": settings.namespace, "deleted": deleted}, indent=2))
    else:
        print("\n".join(f"deleted {label}" for label in fleet.labels) or "nothing to delete")
    return ExitCode.DONE


def print_schema(name: str) -> int:
    """Print the JSON Schema of a story, of any event, or of a type of event.

    Raises:
        UsageError: there is none of this name
    """
    from gt_common.messages.schema import NAMES, schema_of

    if name not in NAMES:
        raise UsageError(f"no schema of {name!r}; there is one of each of: {', '.join(NAMES)}")
    print(json.dumps(schema_of(name), indent=2, ensure_ascii=False))
    return ExitCode.DONE


async def look(settings: Settings) -> FleetTopology:
    """Ask the broker what exists: also the ladder and the queues of paused batches, if there are any."""
    wanted = topology.topology(settings)
    usual = {spec.name for spec in wanted.queues}
    if await ladder_exists(settings):
        wanted = topology.with_ladder(wanted, settings)
    missing = set(await topology.missing_exchanges(settings, wanted))
    exchanges = {spec.name: spec.name not in missing for spec in wanted.exchanges}
    queues = await topology.inspect(settings, [queue.name for queue in wanted.queues])
    ladder = {spec.name for spec in wanted.queues} - usual
    streams = frozenset(queue.name for queue in wanted.queues if queue.is_stream)
    return FleetTopology(
        exchanges, tuple(queues), frozenset(ladder), streams, await _parked(settings, queues)
    )


async def _parked(settings: Settings, queues: Sequence[QueueInfo]) -> tuple[QueueInfo, ...]:
    """Return the queues of paused batches; they are known from the orders of operators."""
    control = Names(settings.namespace).control
    if not any(queue.name == control and queue.messages is not None for queue in queues):
        return ()
    try:
        return (await read_pauses(settings, "gt topology")).queues
    except (CredentialsRefusedError, TopologyError) as error:
        say(f"the queues of paused batches are not shown: {error}")
        return ()


def table(fleet: FleetTopology) -> list[str]:
    """Format the topology as lines of text."""
    rows = [("NAME", "KIND", "MESSAGES", "CONSUMERS")]
    rows += [
        (name, "exchange", "" if there else "missing", "")
        for name, there in fleet.exchanges.items()
        if name not in fleet.ladder or not there
    ]
    rows += [
        (queue.name, "queue", *_numbers(queue))
        for queue in (*fleet.queues, *fleet.parked)
        if queue.name not in fleet.ladder or queue.messages is None
    ]
    return _align([*rows, *_ladder_rows(fleet)])


def _ladder_rows(fleet: FleetTopology) -> list[tuple[str, str, str, str]]:
    """Return one row for what exists of the ladder, with the number of stories that wait in it."""
    queues = [queue for queue in fleet.queues if queue.name in fleet.ladder and queue.messages is not None]
    if not queues:
        return []
    names = f"{queues[0].name.rpartition('.')[0]}.*"
    messages = sum(queue.messages or 0 for queue in queues)
    consumers = sum(queue.consumers or 0 for queue in queues)
    return [(names, plural(len(queues), "queue"), str(messages), str(consumers))]


def _numbers(queue: QueueInfo) -> tuple[str, str]:
    return ("missing", "") if queue.messages is None else (str(queue.messages), str(queue.consumers))


def _align(rows: Sequence[tuple[str, str, str, str]]) -> list[str]:
    names, kinds = (max(len(row[column]) for row in rows) for column in (0, 1))
    return [
        f"{name:<{names}}  {kind:<{kinds}}  {messages:>8}  {consumers:>9}".rstrip()
        for name, kind, messages, consumers in rows
    ]


def _print(settings: Settings, fleet: FleetTopology, *, as_json: bool) -> int:
    if as_json:
        document = {
            "schema": 1,
            "namespace": settings.namespace,
            "complete": fleet.complete,
            "exchanges": [{"name": name, "exists": there} for name, there in fleet.exchanges.items()],
            "queues": [asdict(queue) for queue in (*fleet.queues, *fleet.parked)],
        }
        print(json.dumps(document, indent=2))
        return ExitCode.DONE
    print("\n".join(table(fleet)))
    if not fleet.complete:
        say("something is missing; run `gt-topology declare`")
    return ExitCode.DONE


def _use(queue: QueueInfo) -> str:
    messages, consumers = plural(queue.messages or 0, "message"), plural(queue.consumers or 0, "consumer")
    return f"{queue.name} has {messages} and {consumers}"


def _settings() -> Settings:
    settings = load_settings()
    configure_logging(settings)
    return settings
