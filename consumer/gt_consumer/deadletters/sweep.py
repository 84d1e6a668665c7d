"""Handling letters of the dead-letter queue: what is meant is acted on, then removed; the rest returns."""

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
from gt_consumer.deadletters.ledger_view import StoryKey, standing_events
from gt_consumer.deadletters.orders import Order, Step
from gt_consumer.deadletters.queue_view import Held, Unreadable, read_delivery
from gt_consumer.deadletters.stale import LAST, Place, place_of, stale_reason

log = get_logger("dlq")

LOOKS = 5
"""How often letters that are gone from the queue are looked for: another `gt-dlq` may hold them a moment."""
LOOK_AGAIN_S = 1.0

Tell = Callable[[Step], None]
_Planned = tuple[str, str, int]


@dataclass(frozen=True)
class Deed:
    """What is done with each letter before it is removed.

    Parameters:
        command: its name for the broker's list of connections
        act: publishes, returns once that is confirmed; a step `skipped` leaves the letter where it is
        all_runs: whether it does away with every letter of the generation, not with this one only
    """

    command: str
    act: Callable[[StoryMessage], Awaitable[Step]]
    all_runs: bool


class Handling:
    """Goes through the letters that were meant when it began; those that come later are not touched.

    Parameters:
        tell: called after each letter
    """

    def __init__(self, settings: Settings, order: Order, deed: Deed, gate: Gate, tell: Tell) -> None:
        self._settings = settings
        self._order = order
        self._deed = deed
        self._gate = gate
        self._tell = tell
        self._planned: dict[_Planned, StoryMessage] | None = None
        self._handled: set[_Planned] = set()
        self._left: set[_Planned] = set()
        self._done: dict[StoryKey, Place] = {}
        self._count = 0
        self._gate_closed = False

    async def run(self) -> None:
        """Handle all; while the gate is closed the letters lie in the queue.

        A letter is removed only after its deed was confirmed by the broker, or when the ledger says that this
        happened before. Nothing is lost wherever this is interrupted.

        Raises:
            BrokerUnreachableError, CredentialsRefusedError, TopologyError: the rest was not handled
            StoppedByRuleError: the gate says so
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
                self._give_up()
                break
        await self._gate.finish()

    async def _round(self) -> bool:
        """Hold the queue once; True when nothing is left to be handled."""
        queue = Names(self._settings.namespace).dlq
        async with browse(self._settings, queue, self._deed.command) as deliveries:
            self._gate.holding()
            self._gate_closed = False
            held = [read_delivery(delivery) for delivery in deliveries]
            if self._planned is None:
                self._planned = self._plan(held)
            batches = {batch for batch, _, _ in self._planned.keys() - self._handled}
            # Asked while the letters are held: nobody else can handle them in between.
            standing = await asyncio.to_thread(_ask_ledger, self._settings, batches) if batches else {}
            for item in held:
                if self._limit_reached():
                    return True
                letter = item.content
                if isinstance(letter, Unreadable) or _key(letter) not in self._planned.keys() - self._left:
                    continue
                if not await self._handle(item, letter, standing):
                    self._gate_closed = True
                    return False
        return self._limit_reached() or self._planned.keys() <= self._handled

    def _plan(self, held: Sequence[Held]) -> dict[_Planned, StoryMessage]:
        planned: dict[_Planned, StoryMessage] = {}
        for item in held:
            content = item.content
            if isinstance(content, StoryMessage):
                if self._order.selection.matches(content):
                    planned[_key(content)] = content
            elif self._order.selection.everything and self._order.limit is None:
                self._tell(Step("skipped", None, None, None, f"no story message: {content.reason}"))
        return planned

    async def _handle(
        self, item: Held, letter: StoryMessage, standing: Mapping[StoryKey, StoryEvent]
    ) -> bool:
        """Handle one letter; False when the gate is closed."""
        stale = stale_reason(letter, standing, self._done)
        if stale is None:
            if not await self._gate.open():
                return False
            step = await self._deed.act(letter)
            if step.action == "skipped":
                self._handled.add(_key(letter))
                self._left.add(_key(letter))
                self._tell(step)
                return True
            self._note(letter, step)
        else:
            step = Step("removed", letter.batch_id, letter.story_id, letter.generation, stale)
        settled = await item.delivery.ack()
        self._handled.add(_key(letter))
        self._tell(step)
        if not settled:
            raise BrokerUnreachableError(
                f"the connection to the dead-letter queue was lost: the letter of story {letter.story_id} "
                "still lies there, and the rest was not touched; run the command again"
            )
        return True

    def _note(self, letter: StoryMessage, step: Step) -> None:
        self._count += 1
        place = (letter.generation, LAST, LAST) if self._deed.all_runs else place_of(letter)
        self._done[letter.batch_id, letter.story_id] = place
        self._gate.passed(letter, step.generation or letter.generation)

    def _limit_reached(self) -> bool:
        return self._order.limit is not None and self._count >= self._order.limit

    def _give_up(self) -> None:
        """Say which letters somebody else took, or holds."""
        planned = self._planned or {}
        for key, letter in planned.items():
            if key not in self._handled:
                why = "no longer in the queue: handled by another gt-dlq, or held by one"
                self._tell(Step("skipped", letter.batch_id, letter.story_id, letter.generation, why))


def _key(letter: StoryMessage) -> _Planned:
    return letter.batch_id, letter.story_id, letter.generation


def _ask_ledger(settings: Settings, batches: set[str]) -> dict[StoryKey, StoryEvent]:
    try:
        return standing_events(settings, batches)
    except (LedgerUnreachableError, CredentialsRefusedError) as error:
        log.warning("ledger_read_failed", error=str(error), effect="stale copies count as dead letters")
        return {}
