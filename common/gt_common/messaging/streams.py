"""Reads a stream from some point on, and knows when it has read all that was in it at the start."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Final, Protocol

from gt_common.errors import BrokerUnreachableError, GossipToonError
from gt_common.log import get_logger
from gt_common.messaging.delivery import Delivery
from gt_common.messaging.names import Names
from gt_common.messaging.subscription import Arguments, subscribe
from gt_common.messaging.tasks import Tasks
from gt_common.messaging.topology import inspect
from gt_common.settings import Settings

log = get_logger("messaging")

FROM_FIRST: Final[Arguments] = {"x-stream-offset": "first"}
_PREFETCH: Final = 200
_ACK_EVERY: Final = 50
_WARN_S: Final = 30.0
_QUIET_S: Final = 0.3
_PATIENCE_S: Final = 30.0


class MarkPublisher(Protocol):
    """The part of a publisher that a reader needs."""

    async def mark(self, stream: str, body: bytes) -> None: ...


class _Acks:
    """Acks deliveries of a stream now and then: an ack removes nothing, it makes room for further ones."""

    def __init__(self) -> None:
        self._unacked = 0
        self._tasks = Tasks()

    def add(self, delivery: Delivery) -> None:
        """Take the next delivery."""
        self._unacked += 1
        if self._unacked >= _ACK_EVERY:
            self._unacked = 0
            self._tasks.spawn(delivery.ack(with_earlier=True))

    def restart(self) -> None:
        """Expect the deliveries of another channel."""
        self._unacked = 0

    async def aclose(self) -> None:
        """Stop what is under way."""
        await self._tasks.aclose()


class StreamReader:
    """Hands over every message of a stream in order, again from the beginning after a lost connection.

    To find the end it publishes a mark into the stream: when it has read that back, it has read everything
    that was published before. Marks have an exchange of their own, so that a reader needs no right to
    publish anything else.

    Parameters:
        stream: the name of the stream
        handle: called with each message in the event loop, marks excluded; returns quickly
    """

    def __init__(
        self, settings: Settings, stream: str, publisher: MarkPublisher, handle: Callable[[Delivery], None]
    ) -> None:
        self.stream = stream
        self._marks = Names(settings.namespace).marks
        self._publisher = publisher
        self._handle = handle
        self._mark = b""
        self._ready = asyncio.Event()
        self._problem: GossipToonError | None = None
        self._acks = _Acks()
        self._publishing = Tasks()

    @property
    def ready(self) -> bool:
        """Whether everything is read that was in the stream when the connection was made."""
        return self._ready.is_set() and self._problem is None

    async def wait_ready(self) -> None:
        """Wait until everything is read that was in the stream when the connection was made.

        It takes as long as the broker needs; a warning says so every half a minute.

        Raises:
            PublishFailedError, TopologyError, CredentialsRefusedError: the mark could not be published, which
                a publisher without `patience` never says
        """
        while not self._ready.is_set():
            try:
                async with asyncio.timeout(_WARN_S):
                    await self._ready.wait()
            except TimeoutError:
                log.warning("stream_delayed", stream=self.stream, seconds=_WARN_S)
        if self._problem is not None:
            raise self._problem

    def restart(self) -> None:
        """Expect the stream from its beginning, and publish a mark to find its end."""
        self._acks.restart()
        self.renew()

    def lost(self) -> None:
        """Note that the connection is lost: from now on messages may be missing."""
        self._ready.clear()

    def renew(self) -> None:
        """Expect everything that is in the stream by now, and publish a mark to find its end."""
        self._ready.clear()
        self._problem = None
        self._mark = _new_mark()
        self._publishing.spawn(self._publish(self._mark))

    def receive(self, delivery: Delivery) -> None:
        """Take a delivery from the stream."""
        if delivery.via != self._marks:
            self._handle(delivery)
        elif delivery.body == self._mark:
            self._ready.set()
        self._acks.add(delivery)

    async def aclose(self) -> None:
        """Stop what is under way."""
        await self._acks.aclose()
        await self._publishing.aclose()

    async def _publish(self, mark: bytes) -> None:
        try:
            await self._publisher.mark(self.stream, mark)
        except GossipToonError as error:
            if mark == self._mark:
                self._problem = error
                self._ready.set()


@asynccontextmanager
async def reading(
    settings: Settings, reader: StreamReader, name: str, offset: Arguments = FROM_FIRST
) -> AsyncIterator[None]:
    """Have a reader read its stream for the time of a block.

    Parameters:
        name: for the broker's list of connections
        offset: where in the stream to begin

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: at the start only
    """
    try:
        async with subscribe(
            settings,
            reader.stream,
            _PREFETCH,
            reader.receive,
            name,
            arguments=offset,
            on_start=reader.restart,
            on_lost=reader.lost,
        ):
            yield
    finally:
        await reader.aclose()


async def read_whole(settings: Settings, stream: str, handle: Callable[[Delivery], None], name: str) -> None:
    """Read all that is in a stream, without a mark: a stream that is kept for ever must not grow by readers.

    It ends when as many messages were read as the broker counts, whose number is a few seconds late, and
    nothing more comes for a moment. A message of the last seconds can be missed if the broker hardly answers.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: it cannot be read
    """
    [queue] = await inspect(settings, [stream])
    counted, read, came, acks = queue.messages or 0, 0, asyncio.Event(), _Acks()

    def take(delivery: Delivery) -> None:
        nonlocal read
        read += 1
        came.set()
        handle(delivery)
        acks.add(delivery)

    async with subscribe(settings, stream, _PREFETCH, take, name, arguments=FROM_FIRST), aclosing(acks):
        until = time.monotonic() + _PATIENCE_S
        while True:
            came.clear()
            try:
                async with asyncio.timeout(_QUIET_S):
                    await came.wait()
            except TimeoutError:
                if read >= counted:
                    return
                if time.monotonic() >= until:
                    raise BrokerUnreachableError(f"the broker does not deliver the stream {stream}") from None


def _new_mark() -> bytes:
    return json.dumps({"v": 1, "type": "mark", "id": uuid.uuid4().hex}).encode()
