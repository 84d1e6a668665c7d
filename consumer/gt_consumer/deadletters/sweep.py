"""One pass over the dead-letter queue: an action for each selected letter, then its removal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from gt_common.errors import BrokerUnreachableError, CredentialsRefusedError, LedgerUnreachableError
from gt_common.log import get_logger
from gt_common.messages import StoryEvent, StoryMessage
from gt_common.messaging.browse import browse
from gt_common.messaging.names import Names
from gt_common.settings import Settings
from gt_consumer.deadletters.gate import Gate
from gt_consumer.deadletters.ledger_view import StoryKey, current_events
from gt_consumer.deadletters.orders import Order, Step
from gt_consumer.deadletters.queue_view import HeldDelivery, Unreadable, read_delivery
from gt_consumer.deadletters.stale import LAST, RunKey, run_key, stale_reason

log = get_logger("dlq")

LOOKS = 5
"""How often to look again for letters that have left the queue: another `gt-dlq` may hold them briefly."""
LOOK_AGAIN_S = 1.0

OnStep = Callable[[Step], None]
_LetterKey = tuple[str, str, int]  # batch id, story id, generation


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
        self._selected: dict[_LetterKey, StoryMessage] | None = None
        self._handled: set[_LetterKey] = set()
        self._skipped: set[_LetterKey] = set()
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
        looks = 0
        while not await self._round():
            if self._gate_closed:
                looks = 0
                await self._gate.wait()
            elif looks < LOOKS:
                looks += 1
                await asyncio.sleep(LOOK_AGAIN_S)
            else:
                self._skip_missing()
                break
        await self._gate.finish()

    async def _round(self) -> bool:
        """Hold all letters once and handle what the gate allows; return whether everything is handled."""
        queue = Names(self._settings.namespace).dlq
        async with browse(self._settings, queue, self._action.command) as deliveries:
            self._gate.holding()
            self._gate_closed = False
            held = [read_delivery(delivery) for delivery in deliveries]
            if self._selected is None:
                self._selected = self._select(held)
            batches = {batch for batch, _, _ in self._selected.keys() - self._handled}
            # Read while the letters are held, so that nobody else can handle them in between.
            current = await asyncio.to_thread(_read_ledger, self._settings, batches) if batches else {}
            for item in held:
                if self._limit_reached():
                    return True
                letter = item.content
                if (
                    isinstance(letter, Unreadable)
                    or _key(letter) not in self._selected.keys() - self._skipped
                ):
                    continue
                if not await self._handle(item, letter, current):
                    self._gate_closed = True
                    return False
        return self._limit_reached() or self._selected.keys() <= self._handled

    def _select(self, held: Sequence[HeldDelivery]) -> dict[_LetterKey, StoryMessage]:
        selected: dict[_LetterKey, StoryMessage] = {}
        for item in held:
            content = item.content
            if isinstance(content, StoryMessage):
                if self._order.selection.matches(content):
                    selected[_key(content)] = content
            elif self._order.selection.everything and self._order.limit is None:
                self._on_step(Step("skipped", None, None, None, f"not a story: {content.reason}"))
        return selected

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
                self._handled.add(_key(letter))
                self._skipped.add(_key(letter))
                self._on_step(step)
                return True
            self._count_letter(letter, step)
        else:
            step = Step("removed", letter.batch_id, letter.story_id, letter.generation, stale)
        settled = await item.delivery.ack()
        self._handled.add(_key(letter))
        self._on_step(step)
        if not settled:
            raise BrokerUnreachableError(
                f"the connection to the broker was lost: the letter of story {letter.story_id} is still in "
                "the dead-letter queue, and the rest was not touched; run the command again"
            )
        return True

    def _count_letter(self, letter: StoryMessage, step: Step) -> None:
        self._count += 1
        newest = (letter.generation, LAST, LAST) if self._action.all_runs else run_key(letter)
        self._done[letter.batch_id, letter.story_id] = newest
        self._gate.passed(letter, step.generation or letter.generation)

    def _limit_reached(self) -> bool:
        return self._order.limit is not None and self._count >= self._order.limit

    def _skip_missing(self) -> None:
        """Report the selected letters that have left the queue as skipped."""
        for key, letter in (self._selected or {}).items():
            if key not in self._handled:
                why = "no longer in the queue: another gt-dlq has handled it or holds it"
                self._on_step(Step("skipped", letter.batch_id, letter.story_id, letter.generation, why))


def _key(letter: StoryMessage) -> _LetterKey:
    return letter.batch_id, letter.story_id, letter.generation


def _read_ledger(settings: Settings, batches: set[str]) -> dict[StoryKey, StoryEvent]:
    try:
        return current_events(settings, batches)
    except (LedgerUnreachableError, CredentialsRefusedError) as error:
        log.warning("ledger_read_failed", error=str(error), effect="stale copies count as dead letters")
        return {}
