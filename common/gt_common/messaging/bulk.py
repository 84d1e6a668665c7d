"""Publishes many messages with a window of unconfirmed ones, and reports their confirms in groups.

All go through the `Pipeline`. What that does not get confirmed is published again message by message, with
the patience and the error messages of the publisher; until that has succeeded, nothing else is sent.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from aio_pika.exceptions import AMQPError

from gt_common.errors import GossipToonError
from gt_common.messaging.connection import BROKER_ERRORS, honest_losses
from gt_common.messaging.pipeline import Outgoing, Pipeline

WINDOW: Final = 500
"""Most messages that are unconfirmed at a time."""
WINDOW_BYTES: Final = 4 * 1024 * 1024
"""Size of the unconfirmed messages from which on no more are sent."""
AGAIN: Final = 50
"""Messages that are published again at a time."""

if TYPE_CHECKING:
    from gt_common.messages import Event, StoryMessage

Message: TypeAlias = "StoryMessage | Event"
_Item: TypeAlias = "tuple[Message, int]"
"""A message and its size."""


class Sender(Protocol):
    """The publisher as far as it is needed here."""

    async def pipeline(self) -> Pipeline:
        """Return the pipeline of the current channel; connect if needed."""

    def outgoing(self, message: Message) -> Outgoing:
        """Return a message with the place that it is published to."""

    async def publish_again(self, message: Message) -> None:
        """Publish one message; return once it is confirmed."""

    def unconfirmed(self) -> GossipToonError:
        """Return the error for messages that were not confirmed in time."""


async def publish_many(
    sender: Sender, messages: Iterable[Message], patience: float | None
) -> AsyncGenerator[list[Message], None]:
    """Publish messages; yield them when they are confirmed, in groups.

    Parameters:
        messages: taken one by one, as the window allows
        patience: seconds to wait for the next confirm; None waits for ever

    Raises:
        PublishFailedError: no message was confirmed in time
        TopologyError, CredentialsRefusedError, BrokerUnreachableError: as when one message is published
    """
    bulk = _Bulk(sender, messages)
    try:
        while await bulk.advance(patience):
            if group := bulk.take_confirmed():
                yield group
    finally:
        await bulk.aclose()


class _Bulk:
    def __init__(self, sender: Sender, messages: Iterable[Message]) -> None:
        self._sender = sender
        self._messages = iter(messages)
        self._confirmed: list[Message] = []
        self._failed: deque[Message] = deque()
        self._again: set[asyncio.Task[None]] = set()
        self._error: BaseException | None = None
        self._unconfirmed = 0
        self._bytes = 0
        self._changed = asyncio.Event()

    async def advance(self, patience: float | None) -> bool:
        """Send what fits and wait until something is confirmed; return False when everything is."""
        try:
            async with asyncio.timeout(patience):
                await self._fill()
                if not self._unconfirmed and not self._confirmed:
                    return False
                while not self._confirmed:
                    self._publish_failed_again()
                    await self._changed.wait()
                    self._changed.clear()
                    if self._error is not None:
                        raise self._error
        except TimeoutError:
            raise self._sender.unconfirmed() from None
        return True

    def take_confirmed(self) -> list[Message]:
        """Return what was confirmed since the last call."""
        group, self._confirmed = self._confirmed, []
        return group

    async def aclose(self) -> None:
        """Stop publishing again."""
        for task in self._again:
            task.cancel()
        await asyncio.gather(*self._again, return_exceptions=True)

    async def _fill(self) -> None:
        # What is confirmed and not yielded yet counts, too: after a kill the caller has not noted it.
        window = WINDOW - len(self._confirmed)
        if self._failed or self._again or window - self._unconfirmed < min(WINDOW // 4, self._unconfirmed):
            return
        group: list[tuple[_Item, Outgoing]] = []
        while self._unconfirmed < window and self._bytes < WINDOW_BYTES:
            message = next(self._messages, None)
            if message is None:
                break
            out = self._sender.outgoing(message)
            self._unconfirmed += 1
            self._bytes += len(out.body)
            group.append(((message, len(out.body)), out))
        if group:
            await self._send(group)

    async def _send(self, group: list[tuple[_Item, Outgoing]]) -> None:
        try:
            with honest_losses():
                pipeline = await self._sender.pipeline()
                await pipeline.send(group, self._settle)
        except (*BROKER_ERRORS, AMQPError, GossipToonError) as error:
            for item, _ in group:
                self._settle(item, error)

    def _settle(self, item: _Item, error: BaseException | None) -> None:
        message, size = item
        self._bytes -= size
        if error is None:
            self._unconfirmed -= 1
            self._confirmed.append(message)
        else:
            self._failed.append(message)
        self._changed.set()

    def _publish_failed_again(self) -> None:
        while self._failed and len(self._again) < AGAIN:
            message = self._failed.popleft()
            task = asyncio.create_task(self._sender.publish_again(message))
            self._again.add(task)
            task.add_done_callback(partial(self._settle_again, message))

    def _settle_again(self, message: Message, task: asyncio.Task[None]) -> None:
        self._again.discard(task)
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is None:
            self._unconfirmed -= 1
            self._confirmed.append(message)
        else:
            self._error = self._error or error
        self._changed.set()
