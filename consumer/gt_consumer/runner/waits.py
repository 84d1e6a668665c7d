"""What one run waits for: asks the limiter for it, stops the run's clock meanwhile and shows it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from gt_common.log import get_logger
from gt_consumer.limits import Limiter
from gt_consumer.processes.protocol import Acquire, Granted, Withdraw
from gt_consumer.runner.execution import OnGrant
from gt_consumer.runner.time_limit import TimeLimit

SHOWN_AFTER_S = 0.2
"""A wait that is shorter is not shown."""

_log = get_logger("limits")


class Waits:
    """The grants that one run asked for and did not get yet.

    Parameters:
        limit: the run's clock
        show: told the provider that is waited for, and None when the run goes on
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
        """Take what the run asks; `on_grant` is called once it is granted."""
        if isinstance(message, Withdraw):
            waiting = self._tasks.get(message.withdraw)
            if waiting is not None:
                waiting[1].cancel()
            return
        if message.id in self._tasks:
            return
        task = asyncio.create_task(self._limiter.acquire(message.acquire), name=f"wait {message.acquire}")
        self._tasks[message.id] = (message.acquire, task)
        self._limit.hold()
        task.add_done_callback(partial(self._ended, message, on_grant))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SHOWN_AFTER_S, self._refresh)

    def close(self) -> None:
        """Give up whatever is still waited for: the run is over."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        for _, task in self._tasks.values():
            task.cancel()

    def _ended(self, message: Acquire, on_grant: OnGrant, task: asyncio.Task[None]) -> None:
        del self._tasks[message.id]
        self._limit.go_on()
        if not task.cancelled() and (error := task.exception()):
            _log.error("limiter_failed", provider=message.acquire, exc_info=error)
        elif not task.cancelled() and not self._closed:
            on_grant(Granted(message.acquire, message.id))
        if self._shown is not None and not self._closed:
            self._refresh()

    def _refresh(self) -> None:
        """Show what is waited for longest, if that is something else now."""
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
