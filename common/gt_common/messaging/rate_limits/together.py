"""Running several endless works until one fails."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable

from gt_common.errors import BrokerUnreachableError


async def together(works: Iterable[Coroutine[None, None, None]]) -> None:
    """Run all until the first ends or fails, or until cancelled; then end the others and raise its failure.

    Not asyncio's task group: in Python 3.11 one whose task fails leaves the task around it marked as being
    cancelled, and `is_own_cancellation` asks just that. And it passes over a task that was cancelled from
    within, as aiormq does with its pending calls.
    """
    tasks = [asyncio.create_task(work, name="rate limits") for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if task.cancelled():
                raise BrokerUnreachableError("the broker fell silent")
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
