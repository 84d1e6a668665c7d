"""Dead letters that the ledger knows and the queue does not hold: purged, expired or dropped by a policy."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Sequence

from gt_common.errors import CredentialsRefusedError, GossipToonError, LedgerUnreachableError
from gt_common.log import get_logger
from gt_common.messages import StoryFailed, StoryMessage
from gt_common.messaging.lookup import QueueInfo
from gt_common.messaging.names import Names
from gt_common.messaging.topology import inspect
from gt_common.settings import Settings
from gt_common.texts import plural
from gt_consumer.deadletters.ledger_view import LetterKey, current_events, letter_key, open_letters
from gt_consumer.deadletters.letter_set import LetterSet
from gt_consumer.deadletters.orders import Order
from gt_consumer.deadletters.selection import died

log = get_logger("dlq")

NOT_IN_QUEUE = "the ledger has it, the queue does not: it was purged, or expired or was dropped by a policy"

STORE_S = 10.0
"""How long to wait for gt-aggregate to store what other commands have done, in seconds."""
LOOK_EVERY_S = 0.5


class MissingLetters:
    """Finds the selected letters that the queue should hold but does not.

    Parameters:
        order: its selection, and whether the ledger's own copy may be used
    """

    def __init__(self, settings: Settings, order: Order) -> None:
        self._settings = settings
        self._order = order
        self._known = LetterSet()
        self._behind = False

    async def remember(self) -> None:
        """Note which letters the ledger has now, before the queue is read; later ones are not meant."""
        self._behind = bool(await self._unstored())
        self._known = await asyncio.to_thread(self._in_ledger)

    async def find(self, *found: Collection[LetterKey]) -> list[tuple[StoryMessage, str | None]]:
        """Return the missing letters, oldest first, each with the reason why it must be skipped, if any.

        Parameters:
            found: the letters that were found in the queue
        """
        missing = [key for key in self._known if not any(key in keys for keys in found)]
        if not missing:
            return []
        unstored = await self._wait_until_stored() if self._behind else 0
        still = await asyncio.to_thread(self._still, missing)
        why = await self._why_not(unstored) if still else None
        return [(letter, why) for letter in still]

    def _in_ledger(self) -> LetterSet:
        """Return the selected letters of the ledger."""
        try:
            with open_letters(self._settings, self._order.selection) as pages:
                if pages.by_content:
                    return LetterSet(letter_key(known.letter) for known in pages.newest())
                return LetterSet(pages.keys)
        except (LedgerUnreachableError, CredentialsRefusedError) as error:
            self._warn(error)
            return LetterSet()

    def _still(self, keys: Sequence[LetterKey]) -> list[StoryMessage]:
        """Return those of these letters that the ledger still has, oldest first."""
        try:
            current = current_events(self._settings, [(batch, story) for batch, story, _ in keys])
        except (LedgerUnreachableError, CredentialsRefusedError) as error:
            self._warn(error)
            return []
        events = (current.get((batch, story)) for batch, story, _ in keys)
        letters = [event.letter for event in events if isinstance(event, StoryFailed) and event.letter]
        wanted = set(keys)
        return sorted((letter for letter in letters if letter_key(letter) in wanted), key=died)

    def _warn(self, error: GossipToonError) -> None:
        log.warning("ledger_read_failed", error=str(error), effect="letters may be missing in the queue")

    async def _why_not(self, unstored: int) -> str | None:
        """Return why the ledger's copies must not be used; None if they may."""
        held = await self._inspect(Names(self._settings.namespace).dlq)
        if held and held.consumers:
            return "another gt-dlq command holds letters of the queue; run this again when it has ended"
        if unstored:
            return (
                "the queue does not hold it; it may have been handled already, because gt-aggregate has "
                f"{plural(unstored, 'event')} to store: start it and run this again"
            )
        if self._order.from_ledger:
            return None
        return f"{NOT_IN_QUEUE}; add --from-ledger to use the ledger's copy"

    async def _wait_until_stored(self) -> int:
        """Wait a moment for gt-aggregate; return how many events it has still to store."""
        until = time.monotonic() + STORE_S
        unstored = await self._unstored()
        while unstored and time.monotonic() < until:
            await asyncio.sleep(LOOK_EVERY_S)
            unstored = await self._unstored()
        return unstored

    async def _unstored(self) -> int:
        info = await self._inspect(Names(self._settings.namespace).ledger_queue)
        return (info.messages or 0) if info else 0

    async def _inspect(self, queue: str) -> QueueInfo | None:
        """Return the state of a queue; None if this user may not see it."""
        try:
            [info] = await inspect(self._settings, [queue])
        except CredentialsRefusedError:
            return None
        return info
