"""One pass over the dead-letter queue: an action for each selected letter, then its removal."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from gt_common.errors import BrokerUnreachableError
from gt_common.messages import StoryEvent, StoryMessage
from gt_common.messaging.browse import open_browser
from gt_common.messaging.names import Names
from gt_common.settings import Settings
from gt_consumer.deadletters.gate import Gate
from gt_consumer.deadletters.ledger_view import LetterKey, StoryKey, letter_key
from gt_consumer.deadletters.missing import MissingLetters
from gt_consumer.deadletters.orders import Order, Step, skipped
from gt_consumer.deadletters.queue_view import HeldDelivery, Unreadable, read_delivery
from gt_consumer.deadletters.stale import LAST, CurrentEvents, RunKey, run_key, stale_reason

LOOKS = 5
"""How often to look again for letters that have left the queue: another `gt-dlq` may hold them briefly."""
LOOK_AGAIN_S = 1.0

OnStep = Callable[[Step], None]


@dataclass(frozen=True)
class LetterAction:
    """What is done with each letter before it is removed.

    Parameters:
        command: the name shown in the broker's list of connections
        apply: publishes and returns once the broker has confirmed; after `skipped` the letter stays
        all_runs: whether it settles all letters of the story's generation, not only this one
    """

    command: str
    apply: Callable[[StoryMessage], Awaitable[Step]]
    all_runs: bool


class Sweep:
    """Handles the letters that were selected when it began; later ones are not touched.

    Parameters:
        on_step: called after each letter
    """

    def __init__(
        self, settings: Settings, order: Order, action: LetterAction, gate: Gate, on_step: OnStep
    ) -> None:
        self._settings = settings
        self._order = order
        self._action = action
        self._gate = gate
        self._on_step = on_step
        self._current = CurrentEvents(settings, time.monotonic)
        self._selected: set[LetterKey] = set()
        self._selecting = True
        self._handled: set[LetterKey] = set()
        self._skipped: set[LetterKey] = set()
        self._done: dict[StoryKey, RunKey] = {}
        self._count = 0
        self._gate_closed = False

    async def run(self) -> None:
        """Handle all selected letters; while the gate is closed they are released to the queue.

        A letter is removed only after the broker has confirmed its action, or when the ledger shows that
        this has happened before. Nothing is lost wherever this is interrupted.

        Raises:
            BrokerUnreachableError, CredentialsRefusedError, TopologyError: the rest was not handled
            StoppedByRuleError: the gate's canary failed
        """
        missing = MissingLetters(self._settings, self._order)
        await missing.remember()
        looks = 0
        while not await self._round():
            if self._gate_closed:
                looks = 0
                await self._gate.wait()
            elif looks < LOOKS:
                looks += 1
                await asyncio.sleep(LOOK_AGAIN_S)
            else:
                self._skip_vanished()
                break
        if not self._limit_reached():
            await self._handle_missing(missing)
        await self._gate.finish()

    async def _round(self) -> bool:
        """Read the queue once and handle what the gate allows; return whether everything is handled.

        The first round also selects: it reads on to the end of the queue when the gate has closed.
        """
        queue = Names(self._settings.namespace).dlq
        async with open_browser(self._settings, queue, self._action.command) as browser:
            self._gate.holding()
            self._gate_closed = False
            self._current.forget()  # read again while the letters are held: nobody else can handle them
            async for delivery in browser.messages():
                item = read_delivery(delivery)
                if self._selecting:
                    self._select(item)
                if not self._gate_closed and not await self._handle_selected(item):
                    self._gate_closed = True
                if self._limit_reached():
                    return True
                if self._gate_closed and not self._selecting:
                    return False
            self._selecting = False
        return not self._gate_closed and self._selected <= self._handled

    def _select(self, item: HeldDelivery) -> None:
        content = item.content
        if isinstance(content, StoryMessage):
            if self._order.selection.matches(content):
                self._selected.add(letter_key(content))
        elif self._order.selection.everything and self._order.limit is None:
            self._on_step(Step("skipped", None, None, None, f"not a story: {content.reason}"))

    async def _handle_selected(self, item: HeldDelivery) -> bool:
        """Handle a letter if it is selected; return False when the gate is closed."""
        letter = item.content
        if isinstance(letter, Unreadable) or letter_key(letter) in self._skipped:
            return True
        if letter_key(letter) not in self._selected:
            return True
        return await self._handle(item, letter, await self._current.of(letter))

    async def _handle(
        self, item: HeldDelivery, letter: StoryMessage, current: Mapping[StoryKey, StoryEvent]
    ) -> bool:
        """Handle one letter; return False when the gate is closed."""
        stale = stale_reason(letter, current, self._done)
        if stale is None:
            if not await self._gate.open():
                return False
            step = await self._action.apply(letter)
            if step.action == "skipped":
                self._skip(step, letter)
                return True
            self._count_letter(letter, step)
        else:
            step = Step("removed", letter.batch_id, letter.story_id, letter.generation, stale)
        settled = await item.delivery.ack()
        self._handled.add(letter_key(letter))
        self._on_step(step)
        if not settled:
            raise BrokerUnreachableError(
                f"the connection to the broker was lost: the letter of story {letter.story_id} is still in "
                "the dead-letter queue, and the rest was not touched; run the command again"
            )
        return True

    async def _handle_missing(self, missing: MissingLetters) -> None:
        """Handle the letters that the ledger knows and the queue does not hold, or report each as skipped."""
        for letter, why in await missing.find(self._handled | self._selected):
            if self._limit_reached():
                return
            if why is not None:
                self._skip(skipped(letter, why), letter)
                continue
            while not await self._gate.open():
                await self._gate.wait()
            step = await self._action.apply(letter)
            if step.action == "skipped":
                self._skip(step, letter)
            else:
                self._count_letter(letter, step)
                self._handled.add(letter_key(letter))
                self._on_step(step)

    def _count_letter(self, letter: StoryMessage, step: Step) -> None:
        self._count += 1
        newest = (letter.generation, LAST, LAST) if self._action.all_runs else run_key(letter)
        self._done[letter.batch_id, letter.story_id] = newest
        self._gate.passed(letter, step.generation or letter.generation)

    def _limit_reached(self) -> bool:
        return self._order.limit is not None and self._count >= self._order.limit

    def _skip(self, step: Step, letter: StoryMessage) -> None:
        self._handled.add(letter_key(letter))
        self._skipped.add(letter_key(letter))
        self._on_step(step)

    def _skip_vanished(self) -> None:
        """Report the selected letters that have left the queue as skipped."""
        for batch, story, generation in sorted(self._selected - self._handled):
            why = "no longer in the queue: another gt-dlq has handled it or holds it"
            self._on_step(Step("skipped", batch, story, generation, why))
