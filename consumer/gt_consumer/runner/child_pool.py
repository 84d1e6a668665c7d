"""Warm children for Python orchestrators: one story at a time, used again while they are healthy."""

from __future__ import annotations

import asyncio

from gt_consumer.runner.python_child import PythonChild, Recycling


class ChildPool:
    """The children of one worker; as many as stories run at once."""

    def __init__(self, target: str, recycling: Recycling, grace: float) -> None:
        self._target = target
        self._recycling = recycling
        self._grace = grace
        self._free: list[tuple[PythonChild, asyncio.TimerHandle]] = []
        self._retiring: set[asyncio.Task[None]] = set()

    async def take(self) -> PythonChild:
        """Give a free child, warm if there is one.

        Raises:
            OSError: no process can be started
        """
        while self._free:
            child, timer = self._free.pop()
            timer.cancel()
            if child.alive:
                return child
        return await PythonChild.start(self._target)

    async def give_back(self, child: PythonChild) -> None:
        """Keep a child for the next story, or end it: it is dead, stuck, old or has grown."""
        try:
            fit = await child.settled()
        except BaseException:
            child.kill()
            raise
        if not fit or child.stories >= self._recycling.stories or child.grown(self._recycling):
            await child.stop(self._grace)
            return
        timer = asyncio.get_running_loop().call_later(self._recycling.idle_seconds, self._retire, child)
        self._free.append((child, timer))

    async def aclose(self) -> None:
        """End all free children."""
        free, self._free = self._free, []
        for child, timer in free:
            timer.cancel()
            child.kill()
        await asyncio.gather(*(child.stop(0.0) for child, _ in free), *self._retiring)

    def _retire(self, child: PythonChild) -> None:
        self._free = [(other, timer) for other, timer in self._free if other is not child]
        task = asyncio.create_task(child.stop(self._grace))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)
