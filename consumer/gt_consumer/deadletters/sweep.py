"""One pass over the dead-letter queue: an action for each selected letter, then its removal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gt_common.errors import BrokerUnreachableError
from gt_common.messages import StoryEvent, StoryMessage
from gt_common.messaging.browse import open_browser
from gt_common.messaging.names import Names
from gt_common.settings import Settings
from gt_common.tracing.context import handling
from gt_consumer.deadletters.gate import Gate
from gt_consumer.deadletters.ledger_view import LetterKey, StoryKey, letter_key
from gt_consumer.deadletters.letter_set import LetterSet, OfStories
from gt_consumer.deadletters.missing import MissingLetters
from gt_consumer.deadletters.orders import Order, Step, skipped
from gt_consumer.deadletters.queue_view import HeldDelivery, Unreadable, read_delivery
from gt_consumer.deadletters.stale import LAST, CurrentEvents, RunKey, run_key, stale_reason

LOOKS = 5
"""How often to look again for letters that have left the queue: another `gt-dlq` may hold them briefly."""
LOOK_AGAIN_S = 1.0

AT_ONCE: Final = 20
"""Letters that are handled at the same time; a kill may leave as many that are published and not removed."""
READ_AT_ONCE: Final = 200
"""Letters of which the ledger is asked at a time."""

OnStep = Callable[[Step], None]
OnLook = Callable[[int, int], None]
"""Called with how many messages of the queue were looked at in this round, and how many there are."""


def _ignore(_looked: int, _depth: int) -> None:
    return


@dataclass(frozen=True)
class HeldLetter:
    """A letter that is held in the queue."""

    item: HeldDelivery
    letter: StoryMessage

    @property
    def story(self) -> StoryKey:
        """Batch id and story id."""
        return self.letter.batch_id, self.letter.story_id


@dataclass(frozen=True)
class LetterAction:
    """What is done with each letter before it is removed.

    Parameters:
        command: the name shown in the broker's list of connections
        apply: publishes and returns once the broker has confirmed; after `skipped` the letter stays
        all_runs: whether it settles all letters of the story's generation, not only this one
        refusal: why a letter must stay as it is; the event is what decides its story's status, if known
    """

    command: str
    apply: Callable[[StoryMessage], Awaitable[Step]]
    all_runs: bool
    refusal: Callable[[StoryMessage, StoryEvent | None], str | None] = lambda _letter, _current: None


class Sweep:
    """Handles the letters that were selected when it began; later ones are not touched.

    Parameters:
        on_step: called after each letter
        on_look: called for each group of messages that was read
    """

    def __init__(
        self,
        settings: Settings,
        order: Order,
        action: LetterAction,
        gate: Gate,
        on_step: OnStep,
        on_look: OnLook = _ignore,
    ) -> None:
        self._settings = settings
        self._order = order
        self._action = action
        self._gate = gate
        self._on_step = on_step
        self._on_look = on_look
        self._current = CurrentEvents(settings)
        self._waiting = LetterSet()  # those that were selected and are not handled yet
        self._selecting = True
        self._handled = LetterSet()  # the skipped ones, too
        self._skipped = LetterSet()
        self._done = OfStories[RunKey]()
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
        looked = 0
        async with open_browser(self._settings, queue, self._action.command) as browser:
            self._gate.holding()
            self._gate_closed = False
            self._current.forget()  # try again while the letters are held: nobody else can handle them
            async for group in browser.groups(READ_AT_ONCE):
                looked += len(group)
                self._on_look(looked, browser.depth)
                await self._handle_group([read_delivery(delivery) for delivery in group])
                if self._limit_reached():
                    return True
                if self._gate_closed and not self._selecting:
                    return False
            self._selecting = False
        return not self._gate_closed and not self._waiting

    async def _handle_group(self, items: Sequence[HeldDelivery]) -> None:
        """Select letters in the first round, and handle the selected ones until the gate is closed."""
        held = [HeldLetter(item, item.content) for item in items if isinstance(item.content, StoryMessage)]
        if self._selecting:
            for one in held:
                if self._order.selection.matches(one.letter) and letter_key(one.letter) not in self._handled:
                    self._waiting.add(letter_key(one.letter))
        chosen = {one.item: one for one in held if self._is_selected(letter_key(one.letter))}
        current = {} if self._gate_closed else await self._current.of(one.letter for one in chosen.values())
        fresh: list[HeldLetter] = []
        for item in items:
            if self._limit_reached():
                return
            if isinstance(item.content, Unreadable):
                fresh = await self._flush(fresh)
                self._report_unreadable(item.content)
            elif item in chosen and not self._gate_closed:
                fresh = await self._handle(chosen[item], fresh, current)
        await self._flush(fresh)

    async def _handle(
        self, one: HeldLetter, fresh: list[HeldLetter], current: Mapping[StoryKey, StoryEvent]
    ) -> list[HeldLetter]:
        """Handle a letter, or add it to those at hand that will be handled together; return these."""
        if self._must_flush(fresh, one):
            fresh = await self._flush(fresh)
            if self._limit_reached():
                return fresh
        stale = stale_reason(one.letter, current, self._done, self._current.pruned)
        if stale is not None:
            fresh = await self._flush(fresh)
            await self._remove(one, stale)
        elif (refused := self._action.refusal(one.letter, current.get(one.story))) is not None:
            self._skip(skipped(one.letter, refused), one.letter)
        elif await self._gate.open():
            fresh.append(one)
        else:
            self._gate_closed = True
        return fresh

    def _report_unreadable(self, content: Unreadable) -> None:
        if self._selecting and self._order.selection.everything and self._order.limit is None:
            self._on_step(Step("skipped", None, None, None, f"not a story: {content.reason}"))

    def _is_selected(self, key: LetterKey) -> bool:
        return (key in self._waiting or key in self._handled) and key not in self._skipped

    def _must_flush(self, fresh: Sequence[HeldLetter], following: HeldLetter) -> bool:
        """Whether the letters at hand must be handled before another one can be judged."""
        if not fresh:
            return False
        full = len(fresh) >= AT_ONCE or self._gate.paced
        if full or any(one.story == following.story for one in fresh):
            return True
        return self._order.limit is not None and self._count + len(fresh) >= self._order.limit

    async def _flush(self, fresh: Sequence[HeldLetter]) -> list[HeldLetter]:
        """Handle letters at the same time; each is removed as soon as its own action is confirmed.

        Raises:
            GossipToonError: an action failed; its letter stays in the queue, the others are handled
        """
        ended = await asyncio.gather(*map(self._apply, fresh), return_exceptions=True)
        for problem in ended:
            if problem is not None:
                raise problem
        return []

    async def _apply(self, one: HeldLetter) -> None:
        with handling(one.item.delivery.headers):
            step = await self._action.apply(one.letter)
        if step.action == "skipped":
            self._skip(step, one.letter)
        else:
            self._count_letter(one.letter, step)
            await self._settle(one, step)

    async def _remove(self, one: HeldLetter, stale: str) -> None:
        letter = one.letter
        await self._settle(one, Step("removed", letter.batch_id, letter.story_id, letter.generation, stale))

    async def _settle(self, one: HeldLetter, step: Step) -> None:
        settled = await one.item.delivery.ack()
        self._note_handled(one.letter)
        self._on_step(step)
        if not settled:
            raise BrokerUnreachableError(
                f"the connection to the broker was lost: the letter of story {one.letter.story_id} is still "
                "in the dead-letter queue, and the rest was not touched; run the command again"
            )

    async def _handle_missing(self, missing: MissingLetters) -> None:
        """Handle the letters that the ledger knows and the queue does not hold, or report each as skipped."""
        for letter, why in await missing.find(self._waiting, self._handled):
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
                self._note_handled(letter)
                self._on_step(step)

    def _note_handled(self, letter: StoryMessage) -> None:
        self._handled.add(letter_key(letter))
        self._waiting.discard(letter_key(letter))

    def _count_letter(self, letter: StoryMessage, step: Step) -> None:
        self._count += 1
        newest = (letter.generation, LAST, LAST) if self._action.all_runs else run_key(letter)
        self._done[letter.batch_id, letter.story_id] = newest
        self._gate.passed(letter, step.generation or letter.generation)

    def _limit_reached(self) -> bool:
        return self._order.limit is not None and self._count >= self._order.limit

    def _skip(self, step: Step, letter: StoryMessage) -> None:
        self._note_handled(letter)
        self._skipped.add(letter_key(letter))
        self._on_step(step)

    def _skip_vanished(self) -> None:
        """Report the selected letters that have left the queue as skipped."""
        for batch, story, generation in sorted(self._waiting):
            why = "no longer in the queue: another gt-dlq has handled it or holds it"
            self._on_step(Step("skipped", batch, story, generation, why))
