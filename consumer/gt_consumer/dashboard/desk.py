"""Orders in work: each runs beside the pages, which show how far it is and how it ended."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter, OrderedDict, deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from gt_common.errors import GossipToonError, StoppedByRuleError
from gt_common.log import get_logger
from gt_common.messages import utc_now
from gt_common.redaction import redact
from gt_consumer.dashboard.orders import Action, Target
from gt_consumer.deadletters.display.steps import step_line, summary

if TYPE_CHECKING:
    from gt_consumer.deadletters.orders import Step, StepAction

log = get_logger("dashboard")

MOST_LINES: Final = 500
MOST_WORKS: Final = 100


@dataclass
class Work:
    """Something that an operator has ordered.

    Parameters:
        state: `running`, `done`, `stopped` by a canary, `failed`, or `ended` with the dashboard
        lines: what was done and said, the latest last
        skipped: lines that were left out at the start
        on_change: called after each change
    """

    action: Action
    target: Target
    by: str
    reason: str | None
    on_change: Callable[[], None]
    key: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    at: datetime = field(default_factory=utc_now)
    state: str = "running"
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=MOST_LINES))
    skipped: int = 0
    counts: Counter[StepAction] = field(default_factory=Counter)
    error: str = ""

    def say(self, text: str) -> None:
        """Take a line about the work; safe from any thread."""
        self.skipped += len(self.lines) == MOST_LINES
        self.lines.append(redact(text))
        self.on_change()

    def step(self, step: Step) -> None:
        """Take what was done with one dead letter."""
        self.counts[step.action] += 1
        self.say(step_line(step))

    @property
    def summary(self) -> str:
        """How often what was done, in words; empty if nothing was counted."""
        return summary(self.counts)


class Desk:
    """Starts works and keeps the latest of them.

    Parameters:
        on_change: called from the loop after each change
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._works: OrderedDict[str, Work] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    def start(
        self,
        action: Action,
        target: Target,
        by: str,
        reason: str | None,
        do: Callable[[Work], Awaitable[None]],
    ) -> Work:
        """Start a work; return at once."""
        loop = asyncio.get_running_loop()

        def changed() -> None:
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._on_change)

        work = Work(action, target, by, reason, changed)
        self._works[work.key] = work
        while len(self._works) > MOST_WORKS:
            self._works.popitem(last=False)
        log.info("action_started", action=action, by=by, reason=reason, target=target.said)
        task = asyncio.create_task(self._run(work, do), name=f"{action} {work.key}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return work

    def find(self, key: str) -> Work | None:
        """Return a work; None if it is unknown, or too old."""
        return self._works.get(key)

    @property
    def latest(self) -> list[Work]:
        """The works that are kept, newest first."""
        return list(self._works.values())[::-1]

    async def close(self) -> None:
        """End what runs; what was done stays, and the commands may be repeated."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, work: Work, do: Callable[[Work], Awaitable[None]]) -> None:
        try:
            await do(work)
        except StoppedByRuleError as error:
            work.state, work.error = "stopped", str(error)
        except GossipToonError as error:
            work.state, work.error = "failed", redact(str(error))
        except asyncio.CancelledError:
            work.state = "ended"
            raise
        except Exception as error:
            work.state, work.error = "failed", redact(f"{type(error).__name__}: {error}")
            log.exception("action_crashed", action=work.action)
        else:
            work.state = "done"
        finally:
            log.info("action_ended", action=work.action, state=work.state, error=work.error or None)
            self._on_change()
