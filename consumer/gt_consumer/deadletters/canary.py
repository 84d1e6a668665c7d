"""Canary: replay in growing steps, wait for the outcomes of each, and stop when a failure repeats."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from gt_common.errors import LedgerUnreachableError, StoppedByRuleError
from gt_common.ledger import ledger_is_there, read_ledger
from gt_common.ledger.outage import Outage
from gt_common.lifecycle import status_of
from gt_common.messages import StoryEvent, StoryFailed, StoryMessage, StorySucceeded
from gt_common.settings import Settings
from gt_common.texts import one_line, plural, truncate
from gt_consumer.deadletters.ledger_view import StoryKey
from gt_consumer.deadletters.selection import last_failure

SIZES: Final = (1, 2, 5, 20, 50)
"""Number of stories in each step; later steps double."""
LOOK_EVERY_S: Final = 0.5
REMIND_EVERY_S: Final = 60.0

Look = Callable[[set[StoryKey]], Mapping[StoryKey, StoryEvent] | None]
"""Returns the events that decide the status of some stories; None while nothing has changed."""


def next_size(size: int) -> int:
    """Return the size of the step that follows one of this size."""
    return next((larger for larger in SIZES if larger > size), size * 2)


class Canary:
    """Tracks the current step and waits for its outcomes.

    Parameters:
        first: number of stories in the first step
        look: reads the ledger
        remark: prints a line for the operator
    """

    def __init__(self, first: int, look: Look, remark: Callable[[str], None]) -> None:
        self._size = first
        self._look = look
        self._remark = remark
        self._step: dict[StoryKey, int] = {}
        self._causes: set[str] = set()
        self._total = 0

    @property
    def full(self) -> bool:
        """Whether the step is complete, so that its outcomes come before the next letter."""
        return len(self._step) >= self._size

    def sent(self, letter: StoryMessage, generation: int) -> None:
        """Add a replayed letter to the step."""
        self._step[letter.batch_id, letter.story_id] = generation
        self._causes.add(last_failure(letter).fingerprint)
        self._total += 1

    async def wait(self) -> None:
        """Wait until every story of the step has an outcome.

        Raises:
            StoppedByRuleError: one failed again for the reason that was replayed, or none succeeded
            LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
        """
        if not self._step:
            return
        self._remark(f"canary: waiting for the outcome of {plural(len(self._step), 'story')}")
        ended: dict[StoryKey, StoryEvent] = {}
        reminded = time.monotonic()
        while len(ended) < len(self._step):
            current = await asyncio.to_thread(self._look, set(self._step))
            for key, event in self._outcomes(current or {}):
                if key not in ended:
                    ended[key] = event
                    self._judge(event)
            if len(ended) == len(self._step):
                break
            if time.monotonic() - reminded > REMIND_EVERY_S:
                reminded = time.monotonic()
                left = plural(len(self._step) - len(ended), "story")
                self._remark(f"canary: still waiting for {left}; are gt-consume and gt-aggregate running?")
            await asyncio.sleep(LOOK_EVERY_S)
        self._next_step([*ended.values()])

    def _outcomes(self, current: Mapping[StoryKey, StoryEvent]) -> Iterator[tuple[StoryKey, StoryEvent]]:
        for key, generation in self._step.items():
            event = current.get(key)
            if event is None or event.generation < generation:
                continue
            if event.generation > generation or status_of(event).final:
                yield key, event

    def _judge(self, event: StoryEvent) -> None:
        """Stop when a story failed for a reason that the operator thought was fixed."""
        if (
            not isinstance(event, StoryFailed)
            or event.generation > self._step[event.batch_id, event.story_id]
        ):
            return
        failure = event.failure
        text = truncate(one_line(f"{failure.type}: {failure.message}"), 200)
        if failure.fingerprint in self._causes:
            raise StoppedByRuleError(
                f"stopped by --canary: story {event.story_id} of batch {event.batch_id} failed again for "
                f"the same reason (group {failure.fingerprint}: {text}); "
                f"{plural(self._total, 'story')} replayed, the other dead letters stay in the queue"
            )
        self._remark(f"canary: story {event.story_id} failed for a different reason: {text}")

    def _next_step(self, outcomes: list[StoryEvent]) -> None:
        succeeded = sum(isinstance(event, StorySucceeded) for event in outcomes)
        if not succeeded and any(isinstance(event, StoryFailed) for event in outcomes):
            raise StoppedByRuleError(
                f"stopped by --canary: none of the last {plural(len(outcomes), 'story')} succeeded; "
                f"{plural(self._total, 'story')} replayed, the other dead letters stay in the queue"
            )
        self._step.clear()
        self._size = next_size(self._size)
        self._remark(f"canary: {succeeded} of {plural(len(outcomes), 'story')} succeeded")


@contextmanager
def ledger_look(settings: Settings, remark: Callable[[str], None]) -> Iterator[Look]:
    """Open the ledger and provide a `Look` that reads it only when it has changed, and waits out its outages.

    Parameters:
        remark: prints a line for the operator

    Raises:
        LedgerUnreachableError, CredentialsRefusedError: there is no ledger, or it cannot be read
    """
    if not ledger_is_there(settings.ledger):
        raise LedgerUnreachableError(
            "--canary waits for outcomes in the ledger, and there is none yet: check GT_LEDGER_URL, and run "
            "gt-aggregate"
        )
    with read_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
        seen: tuple[int, set[StoryKey]] | None = None

        outage = Outage(remark)

        def look(stories: set[StoryKey]) -> Mapping[StoryKey, StoryEvent] | None:
            return outage.read(lambda: read_if_changed(stories))

        def read_if_changed(stories: set[StoryKey]) -> Mapping[StoryKey, StoryEvent] | None:
            nonlocal seen
            now = (ledger.version(), stories)
            if now == seen:
                return None
            seen = now
            return ledger.current(stories)

        yield look
