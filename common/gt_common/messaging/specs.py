"""What an exchange or a queue is declared from, and the arguments that queues share.

Rules for the arguments: explicit and positive delivery limits everywhere (quorum queues of RabbitMQ 4 give
up after 20 by default, 3.x take -1 for 0), dead-lettering at least once, which needs `reject-publish`
(RabbitMQ docs: Quorum Queues, "At-Least-Once Dead Lettering").
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

NEVER_REACHED: Final = 1_000_000
"""Delivery limit of queues whose messages are never dead-lettered for being delivered too often."""


class Role(StrEnum):
    """A part of the system; each needs, and may see, only some of the topology."""

    PRODUCER = "producer"
    WORKER = "worker"
    AGGREGATOR = "aggregator"
    DEAD_LETTERS = "dlq"
    OPERATOR = "operator"
    FOLLOWER = "follower"
    ADMIN = "admin"


@dataclass(frozen=True)
class ExchangeSpec:
    """One exchange.

    Parameters:
        leads_to: other exchanges that get its messages, each with the binding key
    """

    name: str
    kind: str
    roles: frozenset[Role]
    leads_to: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class QueueSpec:
    """One queue: its users, its bindings as (exchange, routing key), and its arguments."""

    name: str
    roles: frozenset[Role]
    bindings: tuple[tuple[str, str], ...]
    arguments: dict[str, str | int | bool] = field(default_factory=dict)

    @property
    def is_stream(self) -> bool:
        """Whether it keeps what was read."""
        return self.arguments.get("x-queue-type") == "stream"


def at_least_once(exchange: str, key: str | None = None) -> dict[str, str | int | bool]:
    """Return the arguments of a queue that loses no message that it dead-letters.

    Parameters:
        key: routing key of the dead letters; None keeps that of each message
    """
    arguments: dict[str, str | int | bool] = {
        "x-dead-letter-exchange": exchange,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    if key is not None:
        arguments["x-dead-letter-routing-key"] = key
    return arguments


def quorum(delivery_limit: int, **more: str | int | bool) -> dict[str, str | int | bool]:
    """Return the arguments of a quorum queue."""
    return {
        "x-queue-type": "quorum",
        "x-quorum-initial-group-size": 3,
        "x-delivery-limit": delivery_limit,
        **more,
    }
