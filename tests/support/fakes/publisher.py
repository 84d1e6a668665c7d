"""Stand-ins for the broker."""

from __future__ import annotations

import asyncio

from gt_common.errors import PublishFailedError
from gt_common.messages import Event, StoryMessage, decode_event, decode_story, encode


class MemoryOutlet:
    """Takes messages as a broker does, by their encoded bodies; confirms after a turn of the loop.

    Parameters:
        fail_at: the number of the story from which on nothing is confirmed any more
    """

    def __init__(self, fail_at: int | None = None) -> None:
        self.log: list[Event | StoryMessage] = []
        self.unconfirmed = 0
        self.most_unconfirmed = 0
        self._fail_at = fail_at
        self._taken = 0

    @property
    def stories(self) -> list[StoryMessage]:
        """The stories that were taken."""
        return [message for message in self.log if isinstance(message, StoryMessage)]

    @property
    def events(self) -> list[Event]:
        """The events that were taken."""
        return [message for message in self.log if not isinstance(message, StoryMessage)]

    async def story(self, message: StoryMessage) -> None:
        """Take a story."""
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
        """Take an event."""
        self.log.append(decode_event(encode(event)))


async def _confirm() -> None:
    """A confirm comes later, never at once."""
    turned = asyncio.Event()
    asyncio.get_running_loop().call_soon(turned.set)
    await turned.wait()
