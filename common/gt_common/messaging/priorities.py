"""The AMQP property `priority` of story messages, and what versions of RabbitMQ make of it in quorum queues.

Before 4.0 it is kept and has no effect. 4.0 to 4.2 know two levels, the upper one above 4, and give it two
thirds of the turns. 4.3 delivers strictly by it
(https://www.rabbitmq.com/docs/4.2/quorum-queues#priorities, https://www.rabbitmq.com/docs/4.3/priority).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gt_common.messages import Priority, StoryMessage
from gt_common.messaging.versions import STRICT_PRIORITIES, TWO_PRIORITIES

NORMAL: Final = 4
PROPERTY: Final[Mapping[Priority, int]] = {Priority.HIGH: 9, Priority.NORMAL: NORMAL, Priority.LOW: 0}
"""Low is as low as the messages of other programs, which set none: they must not come last for that."""


def ready_priority(story: StoryMessage) -> int:
    """Return the property of a story that is ready for a worker."""
    return PROPERTY[story.priority]


def waiting_priority(story: StoryMessage, version: tuple[int, int]) -> int:
    """Return the property of a story that is published to a wait queue.

    RabbitMQ 4.0 to 4.2 look only at the message whose turn it is for whether it has expired: where both
    levels wait in one queue, a new message of one keeps those of the other from leaving in time. So all are
    equal there, and a story that has waited comes back as a normal one.

    Parameters:
        version: the broker's
    """
    return NORMAL if TWO_PRIORITIES <= version < STRICT_PRIORITIES else ready_priority(story)


def said_priorities(version: tuple[int, int]) -> str:
    """Format what a version of RabbitMQ can do with --priority."""
    if version < TWO_PRIORITIES:
        return "stories keep their --priority, but this version delivers in the order of arrival"
    if version < STRICT_PRIORITIES:
        return "this version knows two levels of --priority: high gets two of three turns, the others one"
    return "--priority is strict: high before normal before low"
