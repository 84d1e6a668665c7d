"""Wait queues for any time up to 48 days, without one queue per time: stories go down a ladder of them.

Queue `n` holds a message for 2^n seconds. The routing key has the seconds to wait as binary digits, one per
level; at each level the digit decides whether the message waits there or goes on to the next lower one. So
it waits the sum of its digits, in the broker alone, and never behind a message with another wait, because
all messages of a queue wait equally long. NServiceBus delays messages on RabbitMQ in this way
(https://docs.particular.net/transports/rabbitmq/delayed-delivery).
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Final

from gt_common.messages import utc_now
from gt_common.messaging.names import STORY_KEY, Names
from gt_common.messaging.specs import NEVER_REACHED, ExchangeSpec, QueueSpec, Role, at_least_once, quorum

LEVELS: Final = 22
"""2^22 - 1 seconds, 48 days, is the longest wait; a story with a longer one goes down the ladder again."""
LONGEST_S: Final = 2**LEVELS - 1
LADDER_FROM_S: Final = 60.0
"""A provider's wait of this length goes down the ladder, if no wait queue is long enough."""
TOO_EARLY_S: Final = 1.0
"""A story that is due so soon is not worth a wait queue: a worker waits for the rest."""
_ADMIN: Final = frozenset({Role.ADMIN})
_ROLES: Final = frozenset({Role.PRODUCER, Role.WORKER, Role.ADMIN})


def entry(names: Names, delay_s: float) -> tuple[str, str]:
    """Return the exchange and the routing key for a message that waits at least so many seconds.

    It is published to the level of its first digit that is 1, past those above.
    """
    seconds = min(max(1, math.ceil(delay_s)), LONGEST_S)
    return names.delay(seconds.bit_length() - 1), ".".join(f"{seconds:0{LEVELS}b}")


def seconds_until(when: datetime) -> float:
    """Return the seconds until a time; negative if it has passed."""
    return (when - utc_now()).total_seconds()


def ladder_exchanges(names: Names) -> tuple[ExchangeSpec, ...]:
    """Return the exchanges of the ladder, the lowest first: each leads to the one before it."""
    lowest = ExchangeSpec(names.delay(0), "topic", _ROLES)
    others = (
        ExchangeSpec(names.delay(level), "topic", _ROLES, ((names.delay(level - 1), _pattern(level, "0")),))
        for level in range(1, LEVELS)
    )
    return (lowest, *others)


def ladder_queues(names: Names) -> tuple[QueueSpec, ...]:
    """Return the queues of the ladder, the lowest first."""
    return tuple(_queue(names, level) for level in range(LEVELS))


def ladder_end(names: Names) -> tuple[str, str]:
    """Return the binding by which the lowest exchange leads to the story queue: nothing is left to wait."""
    return names.delay(0), _pattern(0, "0")


def _queue(names: Names, level: int) -> QueueSpec:
    lower = at_least_once(names.delay(level - 1)) if level else at_least_once(names.stories, STORY_KEY)
    arguments = quorum(NEVER_REACHED, **lower)
    arguments["x-message-ttl"] = 2**level * 1000
    name = names.delay(level)
    return QueueSpec(name, _ADMIN, ((name, _pattern(level, "1")),), arguments)


def _pattern(level: int, digit: str) -> str:
    """Return the binding key for messages with this digit at a level."""
    return ".".join(("*",) * (LEVELS - 1 - level) + (digit,) + ("*",) * level)
