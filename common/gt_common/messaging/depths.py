"""How much waits in each queue, as far as this user may see it."""

from __future__ import annotations

from collections.abc import Iterable

from aio_pika.abc import AbstractConnection

from gt_common.errors import CredentialsRefusedError
from gt_common.messaging.connection import close_quietly, connect, is_alive, open_connection
from gt_common.messaging.ladder import LEVELS
from gt_common.messaging.lookup import Lookup, QueueInfo
from gt_common.messaging.names import Names
from gt_common.messaging.topology import topology
from gt_common.settings import Settings


def work_queues(settings: Settings) -> list[str]:
    """Return the queues in which stories, events or dead letters wait, so neither streams nor tokens."""
    return [
        queue.name for queue in topology(settings).queues if queue.arguments.get("x-queue-type") == "quorum"
    ]


async def read_depths(settings: Settings, queues: Iterable[str]) -> dict[str, QueueInfo | None]:
    """Return the state of those of these queues that exist; None for one that this user may not see.

    RabbitMQ needs a right on a queue for that since 4.2.7 and 4.3.1. Of the wait queues for start times only
    those are among them in which something waits.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError: no connection
    """
    async with connect(settings, "gt inspect") as connection:
        lookup = Lookup(connection)
        return await _found(lookup, queues) | await _ladder(lookup, Names(settings.namespace))


class DepthReader:
    """Reads the depths of the work queues again and again, on one connection.

    A queue that this user may not see is asked for once only: the broker logs each refusal.

    Parameters:
        name: the program's name, for the broker's list of connections
    """

    def __init__(self, settings: Settings, name: str) -> None:
        self._settings = settings
        self._name = name
        self._queues = work_queues(settings)
        self._connection: AbstractConnection | None = None

    async def read(self) -> dict[str, QueueInfo]:
        """Return the state of those work queues that exist and may be seen; see `read_depths`.

        Raises:
            BrokerUnreachableError, CredentialsRefusedError: no connection
        """
        if self._connection is None or not is_alive(self._connection):
            await self.aclose()
            self._connection = await open_connection(self._settings, self._name)
        lookup = Lookup(self._connection)
        try:
            found = await _found(lookup, self._queues)
            ladder = await _ladder(lookup, Names(self._settings.namespace))
        except BaseException:
            await self.aclose()
            raise
        finally:
            await lookup.aclose()
        self._queues = [name for name in self._queues if found.get(name, True) is not None]
        return {name: info for name, info in (found | ladder).items() if info is not None}

    async def aclose(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        await close_quietly(connection)


async def _found(lookup: Lookup, queues: Iterable[str]) -> dict[str, QueueInfo | None]:
    found: dict[str, QueueInfo | None] = {}
    for name in queues:
        try:
            info = await lookup.queue(name)
        except CredentialsRefusedError:
            found[name] = None
        else:
            if info.messages is not None:
                found[name] = info
    return found


async def _ladder(lookup: Lookup, names: Names) -> dict[str, QueueInfo | None]:
    lowest = names.delay(0)
    if (await _found(lookup, [lowest])).get(lowest) is None:
        return {}  # most fleets have none, and who may not see one may see none of them
    found = await _found(lookup, map(names.delay, range(LEVELS)))
    return {name: info for name, info in found.items() if info and info.messages}
