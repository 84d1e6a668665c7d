"""What gt-topology does and prints."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from gt_common.errors import ExitCode, StoppedByRuleError
from gt_common.log import configure_logging
from gt_common.messaging import topology
from gt_common.messaging.topology import QueueInfo
from gt_common.settings import Settings, load_settings


@dataclass(frozen=True)
class FleetTopology:
    """What is on the broker.

    Parameters:
        exchanges: by name, whether it is there
    """

    exchanges: dict[str, bool]
    queues: tuple[QueueInfo, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return all(self.exchanges.values()) and all(queue.messages is not None for queue in self.queues)

    @property
    def existing(self) -> dict[str, list[str]]:
        """The names of what is there, queues first: that is the order in which they are deleted."""
        return {
            "queue": [queue.name for queue in self.queues if queue.messages is not None],
            "exchange": [name for name, there in self.exchanges.items() if there],
        }

    @property
    def labels(self) -> list[str]:
        """What is there, each with its kind: an exchange and a queue may have one name."""
        return [f"{kind} {name}" for kind, names in self.existing.items() for name in names]

    @property
    def in_use(self) -> list[QueueInfo]:
        """Queues with messages, or with consumers, who may hold messages that are not counted."""
        return [queue for queue in self.queues if queue.messages or queue.consumers]


def declare(*, as_json: bool) -> int:
    """Make what is missing and say what is there now."""
    settings = _settings()
    asyncio.run(topology.declare(settings))
    return _print(settings, asyncio.run(look(settings)), as_json=as_json)


def show(*, as_json: bool) -> int:
    """Say what is there and what is missing."""
    settings = _settings()
    return _print(settings, asyncio.run(look(settings)), as_json=as_json)


def delete(*, yes: bool, as_json: bool) -> int:
    """Delete all that is there.

    Raises:
        StoppedByRuleError: a queue is in use, and `yes` was not given
    """
    settings = _settings()
    view = asyncio.run(look(settings))
    if view.in_use and not yes:
        _say(f"this would delete: {', '.join(view.labels)}")
        raise StoppedByRuleError(
            f"nothing was deleted: {', '.join(map(_use, view.in_use))}; -y deletes all the same"
        )
    if view.labels:
        asyncio.run(topology.delete(settings))
    if as_json:
        deleted = {f"{kind}s": names for kind, names in view.existing.items()}
        print(json.dumps({"schema": 1, "namespace": settings.namespace, "deleted": deleted}, indent=2))
    else:
        print("\n".join(f"deleted {label}" for label in view.labels) or "nothing to delete")
    return ExitCode.DONE


async def look(settings: Settings) -> FleetTopology:
    """Ask the broker what is there."""
    missing = set(await topology.missing_exchanges(settings))
    exchanges = {spec.name: spec.name not in missing for spec in topology.topology(settings).exchanges}
    return FleetTopology(exchanges, tuple(await topology.inspect(settings)))


def table(view: FleetTopology) -> list[str]:
    """Lay the view out as lines of text."""
    rows = [("NAME", "KIND", "MESSAGES", "CONSUMERS")]
    rows += [(name, "exchange", "" if there else "missing", "") for name, there in view.exchanges.items()]
    rows += [(queue.name, "queue", *_numbers(queue)) for queue in view.queues]
    return _align(rows)


def _numbers(queue: QueueInfo) -> tuple[str, str]:
    return ("missing", "") if queue.messages is None else (str(queue.messages), str(queue.consumers))


def _align(rows: Sequence[tuple[str, str, str, str]]) -> list[str]:
    names, kinds = (max(len(row[column]) for row in rows) for column in (0, 1))
    return [
        f"{name:<{names}}  {kind:<{kinds}}  {messages:>8}  {consumers:>9}".rstrip()
        for name, kind, messages, consumers in rows
    ]


def _print(settings: Settings, view: FleetTopology, *, as_json: bool) -> int:
    if as_json:
        document = {
            "schema": 1,
            "namespace": settings.namespace,
            "complete": view.complete,
            "exchanges": [{"name": name, "exists": there} for name, there in view.exchanges.items()],
            "queues": [asdict(queue) for queue in view.queues],
        }
        print(json.dumps(document, indent=2))
        return ExitCode.DONE
    print("\n".join(table(view)))
    if not view.complete:
        _say("something is missing; `gt-topology declare` makes it")
    return ExitCode.DONE


def _use(queue: QueueInfo) -> str:
    return f"{queue.name} has {queue.messages} messages and {queue.consumers} consumers"


def _settings() -> Settings:
    settings = load_settings()
    configure_logging(settings)
    return settings


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
