"""What tests of the engine of gt-batch share: a runner that does as it is told, a batch of five stories."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from gt_common.failures import Failure
from gt_common.ledger.ledger import Ledger
from gt_common.lifecycle import BatchState, StoryStatus
from gt_common.messages import (
    Event,
    FailureLimit,
    StopRules,
    StoryMessage,
)
from gt_common.settings import Settings
from gt_common.stories import Story
from gt_consumer.batch.engine import BatchEngine
from gt_consumer.batch.stop_rules import RunRules
from gt_consumer.batch.work import BatchWork, begin
from gt_consumer.limits.local import LocalLimiter
from gt_consumer.runner.outcomes import FailedForGood, Interrupted, Outcome, Succeeded, Unfit

FULL = Unfit("the disk is full", cure="make room in /out")
OOPS = Failure(type="TimeoutError", message="no answer")
DONE = Succeeded(Path("/videos/1.mp4"), "p1", 3.0, 60.0)
BAD = FailedForGood(OOPS, None, 1.0)


class Director:
    """Ends each run as its story's script says; that of `held` when it is stopped, or at the gate."""

    def __init__(self, *script: Outcome, held: int = 0) -> None:
        self.script = dict(enumerate(script, start=1))
        self.held = held
        self.begun: list[tuple[int, int]] = []
        self.at_once = 0
        self.most_at_once = 0
        self.stop = asyncio.Event()
        self.holding = asyncio.Event()
        self.stopped: list[int] = []
        self.gate = asyncio.Event()

    async def run(
        self,
        story: StoryMessage,
        attempt: int,
        on_stage: Callable[[str, float | None], None],
        on_project: Callable[[str | None], None],
        on_spent: Callable[[Mapping[str, int]], None],
    ) -> Outcome:
        self.begun.append((story.position, attempt))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.wait({asyncio.create_task(self.stop.wait())}, timeout=0.01)
        if story.position == self.held:
            self.holding.set()
            ends = [asyncio.create_task(event.wait()) for event in (self.stop, self.gate)]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        self.at_once -= 1
        if self.stop.is_set():
            return Interrupted()
        outcome = self.script.get(story.position, DONE)
        return outcome if attempt == 1 else DONE

    async def interrupt(self) -> None:
        self.stop.set()

    def stop_story(self, story: StoryMessage) -> None:
        self.stopped.append(story.position)
        self.stop.set()


def five() -> BatchWork:
    return begin(
        "b", [Story(f"https://redd.it/s{n}", f"https://redd.it/s{n}", "x") for n in range(1, 6)], None, {}
    )


def engine(
    settings: Settings,
    director: Director,
    ledger: Ledger,
    listener: Callable[[Event], None] = lambda _: None,
    max_failures: int | None = None,
) -> BatchEngine:
    return BatchEngine(settings, director, ledger, listener, LocalLimiter(), rules=failing(max_failures))


def failing(most: int | None) -> RunRules:
    return RunRules(StopRules(max_failures=FailureLimit(count=most)) if most else None, 5)


def at(state: BatchState, status: StoryStatus) -> list[int]:
    return sorted(story.position for story in state.stories.values() if story.status is status)
