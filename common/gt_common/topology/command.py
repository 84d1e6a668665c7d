"""gt-topology: declare, show or delete the exchanges and queues of a namespace."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from gt_common.cli.listing import say
from gt_common.errors import ExitCode, StoppedByRuleError
from gt_common.log import configure_logging
from gt_common.messaging import topology
from gt_common.messaging.forgotten import forgotten_wait_queues
from gt_common.messaging.lookup import QueueInfo
from gt_common.settings import Settings, load_settings
from gt_common.texts import plural


@dataclass(frozen=True)
class FleetTopology:
    """The exchanges and queues of a namespace on the broker.

    Parameters:
        exchanges: by name, whether it exists
    """

    exchanges: dict[str, bool]
    queues: tuple[QueueInfo, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return all(self.exchanges.values()) and all(queue.messages is not None for queue in self.queues)

    @property
    def existing(self) -> dict[str, list[str]]:
        """The names of what exists, queues first: they are deleted in that order."""
        return {
            "queue": [queue.name for queue in self.queues if queue.messages is not None],
            "exchange": [name for name, there in self.exchanges.items() if there],
        }

    @property
    def labels(self) -> list[str]:
        """What exists, each with its kind, as an exchange and a queue may have the same name."""
        return [f"{kind} {name}" for kind, names in self.existing.items() for name in names]

    @property
    def in_use(self) -> list[QueueInfo]:
        """Queues with messages or consumers; consumers may hold messages that are not counted."""
        return [queue for queue in self.queues if queue.messages or queue.consumers]


def declare(*, as_json: bool) -> int:
    """Declare what is missing and print what exists now."""
    settings = _settings()
    asyncio.run(topology.declare(settings))
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
        asyncio.run(topology.delete(settings, [queue.name for queue in forgotten]))
    if as_json:
        deleted = {f"{kind}s": names for kind, names in fleet.existing.items()}
        print(json.dumps({"schema": 1, "namespace": settings.namespace, "deleted": deleted}, indent=2))
    else:
        print("\n".join(f"deleted {label}" for label in fleet.labels) or "nothing to delete")
    return ExitCode.DONE


async def look(settings: Settings) -> FleetTopology:
    """Ask the broker what exists."""
    missing = set(await topology.missing_exchanges(settings))
    exchanges = {spec.name: spec.name not in missing for spec in topology.topology(settings).exchanges}
    return FleetTopology(exchanges, tuple(await topology.inspect(settings)))


def table(fleet: FleetTopology) -> list[str]:
    """Format the topology as lines of text."""
    rows = [("NAME", "KIND", "MESSAGES", "CONSUMERS")]
    rows += [(name, "exchange", "" if there else "missing", "") for name, there in fleet.exchanges.items()]
    rows += [(queue.name, "queue", *_numbers(queue)) for queue in fleet.queues]
    return _align(rows)


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
            "queues": [asdict(queue) for queue in fleet.queues],
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
