"""A publisher that keeps batches in memory instead of sending them to a broker."""

from __future__ import annotations

import asyncio

from gt_common.errors import PublishFailedError
from gt_common.messages import Event, StoryMessage, decode_story, encode
from support.samples.events import known_event


class MemoryPublisher:
    """Keeps messages as a broker would, by their encoded bodies; confirms in the loop's next iteration.

    Parameters:
        fail_at: number of the first story, from 1, that is not confirmed; nor is any after it
    """

    def __init__(self, fail_at: int | None = None) -> None:
        self.log: list[Event | StoryMessage] = []
        self.unconfirmed = 0
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
        self._taken += 1
        self.unconfirmed += 1
        self.most_unconfirmed = max(self.most_unconfirmed, self.unconfirmed)
        try:
            if self._fail_at is not None and self._taken >= self._fail_at:
                raise PublishFailedError("the broker is full")
            self.log.append(decode_story(encode(message)))
            await _confirm()
        finally:
            self.unconfirmed -= 1

    async def event(self, event: Event) -> None:
        """Keep an event."""
        self.log.append(known_event(encode(event)))


async def _confirm() -> None:
    """Wait for the next iteration of the loop, because a confirm never comes at once."""
    turned = asyncio.Event()
    asyncio.get_running_loop().call_soon(turned.set)
    await turned.wait()
