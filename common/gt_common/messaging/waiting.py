"""The queues in which stories wait: for a worker, for a retry, and for their start times."""

from __future__ import annotations

from collections.abc import Sequence

from gt_common.errors import BrokerUnreachableError, CredentialsRefusedError, TopologyError
from gt_common.log import get_logger
from gt_common.messaging.connection import connect
from gt_common.messaging.ladder import ladder_queues
from gt_common.messaging.lookup import Lookup, QueueInfo
from gt_common.messaging.names import Names
from gt_common.messaging.topology import declare
from gt_common.settings import Settings

log = get_logger("messaging")


def story_queues(settings: Settings, *, ladder: bool) -> list[str]:
    """Return the queues in which stories wait, in the direction in which they move.

    Parameters:
        ladder: whether the wait queues for start times exist
    """
    names = Names(settings.namespace)
    waits = [queue.name for queue in reversed(ladder_queues(names))] if ladder else []
    return [*waits, *(names.retry_queue(delay) for delay in settings.retry_delays), names.stories]


async def has_ladder(lookup: Lookup, names: Names) -> bool:
    """Whether the wait queues for start times exist, as far as this user may know."""
    try:
        return (await lookup.queue(names.delay(0))).messages is not None
    except CredentialsRefusedError:
        return False


async def ladder_exists(settings: Settings) -> bool:
    """Whether the wait queues for start times exist, as far as this user may know."""
    async with connect(settings, "gt inspect") as connection:
        return await has_ladder(Lookup(connection), Names(settings.namespace))


async def inspect_story_queues(settings: Settings, parked: Sequence[str] = ()) -> list[QueueInfo]:
    """Return the state of the queues in which stories wait, in the direction in which they move.

    Parameters:
        parked: the queues of paused batches: stories come out of the story queue and go back into it, so
            that these are looked at before and after it
    """
    async with connect(settings, "gt inspect") as connection:
        lookup = Lookup(connection)
        ladder = await has_ladder(lookup, Names(settings.namespace))
        names = [*parked, *story_queues(settings, ladder=ladder), *parked]
        return [await lookup.queue(name) for name in names]


async def find_ladder(settings: Settings) -> bool | None:
    """Return whether the wait queues for start times exist, after declaring them if allowed.

    None if the broker does not answer.
    """
    try:
        if not await ladder_exists(settings):
            await declare(settings, ladder=True)
    except BrokerUnreachableError:
        return None
    except (TopologyError, CredentialsRefusedError) as error:
        log.warning("ladder_missed", error=str(error), hint="run `gt-topology declare`")
        return False
    return True
