"""What is paused at the moment, for programs that look once: the orders in force, and the queues."""

from __future__ import annotations

from dataclasses import dataclass

from gt_common.messaging.control.holds import Holds
from gt_common.messaging.control.stream import look_at_control, read_control
from gt_common.messaging.lookup import QueueInfo
from gt_common.messaging.parking import find_parking
from gt_common.messaging.streams import MarkPublisher
from gt_common.settings import Settings


@dataclass(frozen=True)
class Pauses:
    """What is paused.

    Parameters:
        queues: the queues with stories of batches that are, or were, paused
    """

    holds: Holds
    queues: tuple[QueueInfo, ...]

    @property
    def parked(self) -> int:
        """How many stories wait in them."""
        return sum(queue.messages or 0 for queue in self.queues)


async def read_holds(settings: Settings, publisher: MarkPublisher, name: str) -> Holds:
    """Return the pauses that workers know of.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError, PublishFailedError: it cannot
            be found out
    """
    holds = Holds()
    async with read_control(settings, publisher, name, holds.add) as reader:
        await reader.wait_ready()
    return holds


async def look_at_holds(settings: Settings, name: str) -> Holds:
    """Return what is paused as far as the broker counts it, without publishing a mark.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: the orders cannot be read
    """
    holds = Holds()
    await look_at_control(settings, name, holds.add)
    return holds


async def read_pauses(settings: Settings, name: str) -> Pauses:
    """Return what is paused, and where its stories wait, without publishing a mark.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: it cannot be found out
    """
    holds = await look_at_holds(settings, name)
    return Pauses(holds, tuple(await find_parking(settings, holds.parked())))
