"""Runs Python orchestrators in warm children: one story at a time each, reused while they are healthy."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from gt_common.log import get_logger
from gt_consumer.processes.forked_group import ChildForker
from gt_consumer.processes.protocol import Run
from gt_consumer.runner.execution import GRACE_SECONDS, NotStartedError, OnAcquire, OnStage
from gt_consumer.runner.python_child import PythonChild, Recycling

_PROGRAM = (sys.executable, "-m", "gt_consumer.orchestrator.child", "fork")

_log = get_logger("runner")


class ChildExecutor:
    """The children of one worker; never more than stories run at the same time.

    Parameters:
        target: `package.module:name` of the orchestrator
        recycling: when a child is replaced
        grace: seconds between terminating and killing the process group of a child
    """

    resumes = True
    result_roots = None

    def __init__(self, target: str, recycling: Recycling | None = None, grace: float = GRACE_SECONDS) -> None:
        self._forker = ChildForker([*_PROGRAM, target])
        self._recycling = recycling or Recycling()
        self._grace = grace
        self._free: list[tuple[PythonChild, asyncio.TimerHandle]] = []
        self._settling: set[asyncio.Future[bool] | asyncio.Task[None]] = set()
        self._children: set[PythonChild] = set()
        self._retiring: set[asyncio.Future[bool] | asyncio.Task[None]] = set()

    def warm_up(self) -> None:
        """Start the process that forks children, so that it is ready before the first story."""
        try:
            self._forker.launch()
        except OSError as error:
            # Tried again for the first story, which then tells what is wrong.
            _log.info("fork_server_start_failed", error=str(error))

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
        except BaseException:
            child.kill()
            raise
        finally:
            self._release(child)

    async def aclose(self) -> None:
        """End all children and what starts them."""
        for _, timer in self._free:
            timer.cancel()
        self._free.clear()
        for child in self._children:
            child.kill()
        await asyncio.gather(*(child.stop(0.0) for child in self._children), *self._retiring)
        self._children.clear()
        await self._forker.aclose()

    async def _take(self) -> PythonChild:
        while True:
            while self._free:
                child, timer = self._free.pop()
                timer.cancel()
                if child.alive:
                    return child
                self._children.discard(child)
            # As many children as slots: none is started while another one is about to be free, or to end.
            leaving = self._settling | self._retiring
            if not leaving:
                child = await PythonChild.start(self._forker)
                self._children.add(child)
                return child
            await asyncio.wait(leaving, return_when=asyncio.FIRST_COMPLETED)

    def _release(self, child: PythonChild) -> None:
        """Keep a child for the next story as soon as it is free for it; its result is not held up."""
        freed = child.free()
        self._settling.add(freed)
        freed.add_done_callback(partial(self._settled, child))

    def _settled(self, child: PythonChild, freed: asyncio.Future[bool]) -> None:
        """Keep the child, or end it: it is dead, stuck, old or has grown."""
        self._settling.discard(freed)
        if not freed.result() or child.stories >= self._recycling.stories or child.grown(self._recycling):
            self._retire(child)
            return
        timer = asyncio.get_running_loop().call_later(self._recycling.idle_seconds, self._retire_free, child)
        self._free.append((child, timer))

    def _retire_free(self, child: PythonChild) -> None:
        self._free = [(other, timer) for other, timer in self._free if other is not child]
        self._retire(child)

    def _retire(self, child: PythonChild) -> None:
        task = asyncio.create_task(self._end(child))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def _end(self, child: PythonChild) -> None:
        await child.stop(self._grace)
        self._children.discard(child)
