"""A publisher that keeps batches in memory instead of sending them to a broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from itertools import islice

from gt_common.errors import PublishFailedError
from gt_common.messages import Event, StoryMessage, decode_story, encode
from gt_common.messaging.bulk import WINDOW, Message
from support.samples.events import known_event

GROUP = 7
"""Messages that are confirmed at once."""


class MemoryPublisher:
    """Keeps messages as a broker would, by their encoded bodies; confirms in the loop's next iteration.

    Parameters:
        fail_at: number of the first story, from 1, that is not confirmed; nor is any after it
    """

    def __init__(self, fail_at: int | None = None) -> None:
        self.log: list[Event | StoryMessage] = []
        self.most_unconfirmed = 0
        self._fail_at = fail_at
        self._taken = 0

    @property
    def stories(self) -> list[StoryMessage]:
        """Return the stories that were confirmed."""
        return [message for message in self.log if isinstance(message, StoryMessage)]

    @property
    def events(self) -> list[Event]:
        """Return the events that were published."""
        return [message for message in self.log if not isinstance(message, StoryMessage)]

    async def story(self, message: StoryMessage) -> None:
        """Keep and confirm a story.

        Raises:
            PublishFailedError: from story `fail_at` on
        """
        self._keep(message)
        await _confirm()

    async def many(self, messages: Iterable[Message]) -> AsyncGenerator[list[Message], None]:
        """Keep messages, a window at a time, and confirm each window in several groups.

        Raises:
            PublishFailedError: from story `fail_at` on
        """
        source = iter(messages)
        while window := list(islice(source, WINDOW)):
            self.most_unconfirmed = max(self.most_unconfirmed, len(window))
            for start in range(0, len(window), GROUP):
                group = window[start : start + GROUP]
                for message in group:
                    self._keep(message)
                await _confirm()
                yield group

    def _keep(self, message: Message) -> None:
        if isinstance(message, StoryMessage):
            self._taken += 1
            if self._fail_at is not None and self._taken >= self._fail_at:
                raise PublishFailedError("the broker is full")
            self.log.append(decode_story(encode(message)))
        else:
            self.log.append(known_event(encode(message)))

    async def event(self, event: Event) -> None:
        """Keep an event."""
        self._keep(event)


async def _confirm() -> None:
    """Wait for the next iteration of the loop, because a confirm never comes at once."""
    turned = asyncio.Event()
    asyncio.get_running_loop().call_soon(turned.set)
    await turned.wait()
