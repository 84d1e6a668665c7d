"""Runs Python orchestrators in warm children: one story at a time each, reused while they are healthy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gt_consumer.processes.protocol import Run
from gt_consumer.runner.execution import GRACE_SECONDS, NotStartedError, OnAcquire, OnStage
from gt_consumer.runner.python_child import PythonChild, Recycling


class ChildExecutor:
    """The children of one worker; as many as stories run at the same time.

    Parameters:
        target: `package.module:name` of the orchestrator
        recycling: when a child is replaced
        grace: seconds between terminating and killing the process group of a child
    """

    resumes = True
    result_roots = None

    def __init__(self, target: str, recycling: Recycling | None = None, grace: float = GRACE_SECONDS) -> None:
        self._target = target
        self._recycling = recycling or Recycling()
        self._grace = grace
        self._free: list[tuple[PythonChild, asyncio.TimerHandle]] = []
        self._retiring: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def start(
        self, request: Run, on_stage: OnStage, on_acquire: OnAcquire
    ) -> AsyncIterator[PythonChild]:
        """Hand the story to a free child, or to a new one.

        Raises:
            NotStartedError: no process can be started
        """
        try:
            child = await self._take()
        except OSError as error:
            raise NotStartedError(f"no process can be started: {error}", retryable=True) from error
        try:
            child.begin(request, on_stage, on_acquire)
            yield child
        finally:
            await self._release(child)

    async def aclose(self) -> None:
        """End all free children."""
        free, self._free = self._free, []
        for child, timer in free:
            timer.cancel()
            child.kill()
        await asyncio.gather(*(child.stop(0.0) for child, _ in free), *self._retiring)

    async def _take(self) -> PythonChild:
        while self._free:
            child, timer = self._free.pop()
            timer.cancel()
            if child.alive:
                return child
        return await PythonChild.start(self._target)

    async def _release(self, child: PythonChild) -> None:
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

    def _retire(self, child: PythonChild) -> None:
        self._free = [(other, timer) for other, timer in self._free if other is not child]
        task = asyncio.create_task(child.stop(self._grace))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)
