"""Reads the stream of an operator's orders from its beginning, and knows when it has read all of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from gt_common.log import get_logger
from gt_common.messaging.control.notices import ControlOrder, decode_control
from gt_common.messaging.delivery import Delivery
from gt_common.messaging.names import Names
from gt_common.messaging.streams import MarkPublisher, StreamReader, read_whole, reading
from gt_common.settings import Settings

log = get_logger("control")


class ControlReader(StreamReader):
    """Hands over every order in the order of the stream, again from its beginning after a lost connection.

    Orders therefore come repeatedly, and applying one twice must change nothing. An order is believed only if
    it came through the exchange of the operators (the broker says which one it was).

    Parameters:
        handle: called with each order in the event loop; returns quickly
    """

    def __init__(
        self, settings: Settings, publisher: MarkPublisher, handle: Callable[[ControlOrder], object]
    ) -> None:
        super().__init__(settings, Names(settings.namespace).control, publisher, self._take)
        self._apply = handle

    def _take(self, delivery: Delivery) -> None:
        if delivery.via != self.stream:
            log.warning("control_notice_refused", via=delivery.via, bytes=len(delivery.body))
        elif (order := decode_control(delivery.body)) is not None:
            self._apply(order)


@asynccontextmanager
async def read_control(
    settings: Settings, publisher: MarkPublisher, name: str, handle: Callable[[ControlOrder], object]
) -> AsyncIterator[ControlReader]:
    """Read the stream for the time of a block.

    Parameters:
        name: the program's name, for the broker's list of connections
        handle: called with each order, from the first one on; again after a lost connection

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: at the start only
    """
    reader = ControlReader(settings, publisher, handle)
    async with reading(settings, reader, f"{name} control"):
        yield reader


async def look_at_control(settings: Settings, name: str, handle: Callable[[ControlOrder], object]) -> None:
    """Hand over every order that is in the stream now, without publishing a mark; see `read_whole`.

    Parameters:
        name: the program's name, for the broker's list of connections
        handle: called with each order, from the first one on

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: the stream cannot be read
    """
    stream = Names(settings.namespace).control

    def take(delivery: Delivery) -> None:
        if delivery.via == stream and (order := decode_control(delivery.body)) is not None:
            handle(order)

    await read_whole(settings, stream, take, f"{name} control")
