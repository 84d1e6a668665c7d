"""The permits that one run waits for: requests them, stops the run's clock meanwhile and shows the wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from gt_common.log import get_logger
from gt_consumer.limits import Limiter
from gt_consumer.processes.protocol import Acquire, Granted, Withdraw
from gt_consumer.runner.execution import OnGrant, TimeLimit

SHOWN_AFTER_S = 0.2
"""Shorter waits are not shown."""

_log = get_logger("limits")


class Waits:
    """The permits that one run has requested and not received yet.

    Parameters:
        limit: the run's clock
        show: called with the provider that the run waits for, and with None when the run continues
    """

    def __init__(self, limiter: Limiter, limit: TimeLimit, show: Callable[[str | None], None]) -> None:
        self._limiter = limiter
        self._limit = limit
        self._show = show
        self._tasks: dict[int, tuple[str, asyncio.Task[None]]] = {}
        self._shown: str | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def take(self, message: Acquire | Withdraw, on_grant: OnGrant) -> None:
        """Take a request of the run, or its withdrawal; `on_grant` is called when the permit is there."""
        if isinstance(message, Withdraw):
            waiting = self._tasks.get(message.withdraw)
            if waiting is not None:
                waiting[1].cancel()
            return
        if message.id in self._tasks:
            return
        task = asyncio.create_task(self._limiter.acquire(message.acquire), name=f"wait {message.acquire}")
        self._tasks[message.id] = (message.acquire, task)
        self._limit.pause()
        task.add_done_callback(partial(self._ended, message, on_grant))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SHOWN_AFTER_S, self._refresh)

    def close(self) -> None:
        """Cancel all requests: the run is over."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        for _, task in self._tasks.values():
            task.cancel()

    def _ended(self, message: Acquire, on_grant: OnGrant, task: asyncio.Task[None]) -> None:
        del self._tasks[message.id]
        self._limit.resume()
        if not task.cancelled() and (error := task.exception()):
            _log.error("limiter_failed", provider=message.acquire, exc_info=error)
        elif not task.cancelled() and not self._closed:
            on_grant(Granted(message.acquire, message.id))
        if self._shown is not None and not self._closed:
            self._refresh()

    def _refresh(self) -> None:
        """Show the longest wait, if it is not the one that is shown."""
        self._timer = None
        first = next((provider for provider, _ in self._tasks.values()), None)
        if first == self._shown:
            return
        if self._shown is not None:
            _log.info("provider_wait_ended", provider=self._shown)
        if first is not None:
            _log.info("provider_wait_started", provider=first)
        self._shown = first
        self._show(first)
