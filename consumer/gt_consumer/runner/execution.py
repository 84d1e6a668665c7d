"""The port between the runner and what runs a story, with one adapter for each kind of orchestrator."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final as Const
from typing import Protocol

from gt_consumer.processes.group import ProcessEnd
from gt_consumer.processes.protocol import Acquire, Final, Granted, Report, Run, VideoMade, Withdraw

GRACE_SECONDS: Const = 5.0
"""Between terminating and killing a process group."""

OnStage = Callable[[Report], asyncio.Future[None] | None]
"""Receives the stages and costs of a run, and the project that it has begun; returns when that is noted."""
OnGrant = Callable[[Granted], None]
OnAcquire = Callable[[Acquire | Withdraw, OnGrant], None]
"""Receives a run's request for a provider, or its withdrawal, and a callback for the grant."""


@dataclass(frozen=True)
class Died:
    """The program ended without a result.

    Parameters:
        stderr: the last lines that it wrote to standard error
        before_start: it had died before it took the story over, which therefore can be run again
    """

    end: ProcessEnd
    stderr: str
    before_start: bool = False


@dataclass(frozen=True)
class Unstartable:
    """The program could not be started, or what it needs of the machine was used up."""

    problem: str


@dataclass(frozen=True)
class TimedOut:
    """The attempt exceeded the time limit and was killed."""


@dataclass(frozen=True)
class Stopped:
    """The attempt was interrupted: its worker stops, or an operator cancelled the story."""


Result = Final | Died | Unstartable
End = Result | TimedOut | Stopped


class NotStartedError(Exception):
    """A run could not be started.

    Parameters:
        retryable: whether a later attempt may succeed
        kind: type of the failure; None for `OSError`, or `OrchestratorError` if it is not retryable
    """

    def __init__(self, message: str, *, retryable: bool, kind: str | None = None) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.kind = kind or ("OSError" if retryable else "OrchestratorError")


class Execution(Protocol):
    """One run of a story in progress."""

    @property
    def end(self) -> asyncio.Future[Result]:
        """Done with the result of the run, or with the death of its process.

        It may raise NotStartedError instead.
        """

    async def stop(self, grace: float) -> None:
        """Ask the run to end, force it after `grace` seconds, and wait for its end."""

    def kill(self) -> None:
        """Force the run to end now."""

    def last_lines(self) -> str:
        """Return the last lines that the run printed."""

    async def settled(self) -> None:
        """Wait, for some seconds at most, until nothing that the run left behind is active."""


class Executor(Protocol):
    """Starts runs of one orchestrator, any number of them at the same time."""

    @property
    def resumes(self) -> bool:
        """Whether it can resume the project that an earlier run began."""

    @property
    def result_roots(self) -> Sequence[Path] | None:
        """Folders besides the attempt's own in which its video may lie; None for anywhere."""

    def start(
        self, request: Run, on_stage: OnStage, on_acquire: OnAcquire
    ) -> AbstractAsyncContextManager[Execution]:
        """Start a run; leaving the context frees what the run used.

        Raises:
            NotStartedError: the run could not be started
        """

    async def aclose(self) -> None:
        """Free what is kept between runs."""


class TimeLimit:
    """A clock that stops while the run waits for a permit of a provider.

    Parameters:
        seconds: the rest of the time limit
    """

    def __init__(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._left = max(0.0, seconds)
        self._pauses = 0
        self._since = self._loop.time()
        self.over: asyncio.Future[None] = self._loop.create_future()
        self._timer = self._loop.call_later(self._left, self._end)

    def pause(self) -> None:
        """Stop the clock; several pauses may overlap."""
        self._pauses += 1
        if self._pauses == 1:
            self._timer.cancel()
            self._left = max(0.0, self._left - (self._loop.time() - self._since))

    def resume(self) -> None:
        """End one pause; the clock runs again when it was the last."""
        self._pauses -= 1
        if not self._pauses and not self.over.done():
            self._since = self._loop.time()
            self._timer = self._loop.call_later(self._left, self._end)

    def close(self) -> None:
        """Stop the clock for good."""
        self._timer.cancel()
        self.over.cancel()

    def _end(self) -> None:
        if not self.over.done():
            self.over.set_result(None)


async def supervise(execution: Execution, stop: asyncio.Future[None], limit: TimeLimit, grace: float) -> End:
    """Wait for the end of a run, for its time limit or for a stop, whichever comes first.

    A run that is stopped and succeeds before it is forced to end has succeeded.

    Parameters:
        stop: done when the run is to be stopped
        limit: the run's clock
        grace: seconds between asking the run to end and forcing it
    """
    try:
        events: set[asyncio.Future[Result] | asyncio.Future[None]] = {execution.end, stop, limit.over}
        await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
        if execution.end.done():
            return execution.end.result()
        end: TimedOut | Stopped = Stopped() if stop.done() else TimedOut()
        await execution.stop(grace)
    except BaseException:
        execution.kill()
        raise
    made = _video_made(execution.end) if isinstance(end, Stopped) else None
    return made or end


def _video_made(end: asyncio.Future[Result]) -> VideoMade | None:
    if not end.done() or end.cancelled() or end.exception() is not None:
        return None
    result = end.result()
    return result if isinstance(result, VideoMade) else None
