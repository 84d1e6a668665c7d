"""One run of a story by a program: what the runner needs of it, whichever kind of orchestrator it is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from gt_consumer.processes.group import Ending
from gt_consumer.processes.protocol import Final
from gt_consumer.runner.time_limit import TimeLimit


@dataclass(frozen=True)
class Died:
    """The program ended without a result.

    Parameters:
        stderr: the last lines that it wrote to standard error
    """

    ending: Ending
    stderr: str


@dataclass(frozen=True)
class TimedOut:
    """The attempt took longer than the time limit and was killed."""


@dataclass(frozen=True)
class Stopped:
    """The attempt was interrupted because the worker stops."""


End = Final | Died | TimedOut | Stopped


class Execution(Protocol):
    """A running story; `end` is done with the program's result or death."""

    @property
    def end(self) -> asyncio.Future[Final | Died]:
        """Done at the end of the run."""

    async def stop(self, grace: float) -> None:
        """Terminate the process group, kill it after `grace` seconds, and wait for its end."""

    def kill(self) -> None:
        """Kill the process group at once."""


async def supervise(
    execution: Execution, stop: asyncio.Future[None], limit: TimeLimit, grace: float
) -> Final | Died | TimedOut | Stopped:
    """Wait for the end of a run, for its time limit or for the worker's stop, whichever comes first.

    Parameters:
        stop: done when the worker stops
        limit: the run's clock, which stands still while it waits for its turn at a provider
        grace: seconds between terminating and killing the process group
    """
    try:
        events: set[asyncio.Future[Final | Died] | asyncio.Future[None]] = {execution.end, stop, limit.over}
        await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
        if execution.end.done():
            return execution.end.result()
        end: TimedOut | Stopped = Stopped() if stop.done() else TimedOut()
        await execution.stop(grace)
    except BaseException:
        execution.kill()
        raise
    return end
