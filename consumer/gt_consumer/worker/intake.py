"""Whether a worker takes stories from the queue: not while it rests, and not while the fleet is paused."""

from __future__ import annotations

import asyncio
from typing import Protocol


class Pausable(Protocol):
    """A subscription to the story queue."""

    async def pause(self) -> None: ...

    async def resume(self) -> None: ...


class Intake:
    """Pauses a subscription while there is any reason to, so that one reason does not end another's pause.

    Parameters:
        paused: whether the subscription began paused
    """

    def __init__(self, subscription: Pausable, *, paused: bool = False) -> None:
        self._subscription = subscription
        self._reasons: set[str] = set()
        self._paused = paused
        self._lock = asyncio.Lock()

    async def pause(self, reason: str) -> None:
        """Take no stories until this reason is gone."""
        self._reasons.add(reason)
        await self._adjust()

    async def resume(self, reason: str) -> None:
        """Take stories again, unless there is another reason not to."""
        self._reasons.discard(reason)
        await self._adjust()

    async def _adjust(self) -> None:
        async with self._lock:
            if self._reasons and not self._paused:
                self._paused = True
                await self._subscription.pause()
            elif self._paused and not self._reasons:
                self._paused = False
                await self._subscription.resume()
