"""Lines about the progress of work that prints nothing by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


@asynccontextmanager
async def remarks_every(seconds: float, remark: Callable[[], None]) -> AsyncIterator[None]:
    """Print a line every so many seconds, for the duration of a block.

    Parameters:
        remark: prints it
    """

    async def repeat() -> None:
        while True:
            await asyncio.sleep(seconds)
            remark()

    task = asyncio.create_task(repeat())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
