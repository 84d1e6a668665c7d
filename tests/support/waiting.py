"""Waiting for what another process or the broker does: checked repeatedly, with a deadline."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from contextlib import suppress


async def until(predicate: Callable[[], object], deadline: float = 90.0, every: float = 0.05) -> None:
    """Wait until the predicate returns a true value.

    Parameters:
        predicate: a function, plain or async
        deadline, every: seconds

    Raises:
        TimeoutError: it did not become true in time
    """
    never = asyncio.Event()
    async with asyncio.timeout(deadline):
        while True:
            result = predicate()
            if await result if inspect.isawaitable(result) else result:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(never.wait(), every)


async def pause(seconds: float) -> None:
    """Wait, where time itself is meant: the length of a fault or of a story's run."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.Event().wait()
