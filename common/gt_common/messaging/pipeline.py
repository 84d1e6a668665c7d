"""Publishes many messages in one write and learns of their confirms in groups.

The client library takes a task switch, two futures and a flush for each message, see
docs/decisions/0046-many-messages-in-one-write.md. This uses its channel below that, by public names only: the
same numbers of messages (`delivery_tag`), the same table of open confirms, the same queue of writes. Nothing
is tried again here.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from struct import Struct
from typing import Final, TypeVar

from aiormq.abc import ChannelFrame
from aiormq.channel import Channel
from aiormq.exceptions import ChannelInvalidStateError
from pamqp import constants
from pamqp.commands import Basic
from pamqp.frame import marshal
from pamqp.header import ContentHeader

from gt_common.messages import utc_now
from gt_common.messaging.tasks import Tasks

T = TypeVar("T")

Headers = Mapping[str, str | int]

CONTENT_TYPE: Final = "application/json"
PERSISTENT: Final = 2
_BODY_FRAME: Final = Struct(">BHI")
_FRAME_END: Final = constants.FRAME_END_CHAR


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message as it is published: where to, what, and headers for people who look into a queue.

    Parameters:
        priority: the AMQP property; only stories have one
    """

    exchange: str
    key: str
    body: bytes
    headers: Headers
    priority: int | None = None


def body_frames(channel: Channel, body: bytes) -> Iterator[bytes]:
    """Yield the frames of a message's body, in parts of the size that the connection allows."""
    most = channel.max_content_size
    for start in range(0, len(body), most):
        part = body[start : start + most]
        yield _BODY_FRAME.pack(constants.FRAME_BODY, channel.number, len(part)) + part + _FRAME_END


class Pipeline:
    """Publishes persistent, mandatory messages on one channel that confirms, without waiting for confirms.

    Other publishes may use the same channel at the same time.

    Parameters:
        channel: raises for messages that no queue takes (`on_return_raises`)
    """

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self._open: set[asyncio.Future[object]] = set()
        self._group: list[tuple[asyncio.Future[bool], Outgoing]] = []
        self._unconfirmed: set[asyncio.Future[bool]] = set()
        self._tasks = Tasks()
        self._method: tuple[str, str, bytes] = ("", "", b"")
        # The library finds the number of a returned message by its id, so ids in flight must differ.
        self._id_prefix = secrets.token_hex(8)
        channel.closing.add_done_callback(self._lost)

    def publish(self, message: Outgoing) -> asyncio.Future[bool]:
        """Send a message in one write with all others that are published in this turn of the event loop.

        Returns:
            what becomes True when the broker has confirmed it, and False when that is not to be expected
        """
        confirmed: asyncio.Future[bool] = self.channel.loop.create_future()
        if self.channel.is_closed:
            confirmed.set_result(False)
            return confirmed
        self._unconfirmed.add(confirmed)
        confirmed.add_done_callback(self._unconfirmed.discard)
        self._group.append((confirmed, message))
        if len(self._group) == 1:
            self._tasks.spawn(self._send_group())
        return confirmed

    async def _send_group(self) -> None:
        group, self._group = self._group, []
        try:
            await self.send(group, _decide)
        except Exception as error:  # noqa: BLE001 - met again when it is published again
            for confirmed, _ in group:
                _decide(confirmed, error)

    async def send(
        self, messages: Sequence[tuple[T, Outgoing]], settled: Callable[[T, BaseException | None], None]
    ) -> None:
        """Hand messages to the connection; return before they are confirmed.

        Parameters:
            messages: each with what `settled` is called with
            settled: called once for each message, with None when the broker has confirmed it, otherwise with
                the reason: returned, refused, channel lost

        Raises:
            ChannelInvalidStateError: the channel is closed; nothing was sent, `settled` is not called
        """
        channel = self.channel
        async with channel.lock:
            first = channel.delivery_tag + 1
            payload = b"".join(self._frames(first, [message for _, message in messages]))
            await channel.write_queue.put(ChannelFrame(payload, should_close=False))
            # From here on nothing waits, so that no confirm can come before its message is in the table.
            channel.delivery_tag += len(messages)
            for tag, (item, _) in enumerate(messages, first):
                future: asyncio.Future[object] = channel.loop.create_future()
                channel.confirmations[tag] = future
                channel.message_id_delivery_tag[self._message_id(tag)] = tag
                future.add_done_callback(partial(self._settled, tag, item, settled))
                self._open.add(future)
            if channel.is_closed:
                self._lost(None)

    def _settled(
        self,
        tag: int,
        item: T,
        settled: Callable[[T, BaseException | None], None],
        future: asyncio.Future[object],
    ) -> None:
        self._open.discard(future)
        self.channel.message_id_delivery_tag.pop(self._message_id(tag), None)
        settled(item, asyncio.CancelledError() if future.cancelled() else future.exception())

    def _lost(self, _closing: object) -> None:
        for future in self._open:
            if not future.done():
                future.set_exception(ChannelInvalidStateError("the channel was closed before the confirm"))
        # Also those that are not sent: a write that waits for room may wait for ever, and holds the lock for
        # which other publishes wait.
        for confirmed in list(self._unconfirmed):
            _decide(confirmed, ChannelInvalidStateError())
        self._tasks.cancel()

    def _frames(self, first: int, messages: Sequence[Outgoing]) -> Iterator[bytes]:
        number, now = self.channel.number, utc_now()
        for tag, message in enumerate(messages, first):
            yield self._first_frame(message.exchange, message.key)
            yield marshal(self._header(tag, message, now), number)
            yield from body_frames(self.channel, message.body)

    def _first_frame(self, exchange: str, key: str) -> bytes:
        if self._method[:2] != (exchange, key):  # the stories of a batch all have the same
            publish = Basic.Publish(exchange=exchange, routing_key=key, mandatory=True)
            self._method = (exchange, key, marshal(publish, self.channel.number))
        return self._method[2]

    def _header(self, tag: int, message: Outgoing, now: datetime) -> ContentHeader:
        properties = Basic.Properties(
            content_type=CONTENT_TYPE,
            headers=dict(message.headers),
            delivery_mode=PERSISTENT,
            priority=message.priority,
            message_id=self._message_id(tag),
            timestamp=now,
        )
        return ContentHeader(body_size=len(message.body), properties=properties)

    def _message_id(self, tag: int) -> str:
        return f"{self._id_prefix}-{tag:x}"


def _decide(confirmed: asyncio.Future[bool], error: BaseException | None) -> None:
    if not confirmed.done():
        confirmed.set_result(error is None)
