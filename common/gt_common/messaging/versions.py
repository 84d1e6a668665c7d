"""Features of RabbitMQ by version."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import aiormq.abc
    from aio_pika.abc import AbstractConnection

OLDEST = (3, 10)
"""Quorum queues that dead-letter at least once: https://www.rabbitmq.com/docs/3.13/quorum-queues#dead-lettering."""
TIMEOUT_OF_A_QUEUE = (3, 12)
"""The ack timeout is an argument of a queue: https://www.rabbitmq.com/docs/consumers#acknowledgement-timeout."""
FORGETS_DEAD_LEADERS = (3, 13)
"""Before this, a new publisher to a queue whose leader is dead is refused until that node is back."""
TWO_PRIORITIES = (4, 0)
"""Quorum queues know two priorities: https://www.rabbitmq.com/docs/4.2/quorum-queues#priorities."""
STRICT_PRIORITIES = (4, 3)
"""Quorum queues deliver strictly by priority: https://www.rabbitmq.com/docs/4.3/priority."""


def version_of(text: str) -> tuple[int, int]:
    """Parse the first two numbers of a version such as `3.13.7`; (0, 0) if there are none."""
    parts = text.split(".")[:2]
    return (int(parts[0]), int(parts[1])) if len(parts) == 2 and all(map(str.isdigit, parts)) else (0, 0)


def server_version(connection: AbstractConnection) -> str:
    """Return the broker's version, such as `3.13.7`."""
    transport = connection.transport
    underlay: aiormq.abc.AbstractConnection | None = transport.connection if transport else None
    properties = getattr(underlay, "server_properties", None) or {}
    version = properties.get("version", "")
    return version.decode() if isinstance(version, bytes) else str(version)
