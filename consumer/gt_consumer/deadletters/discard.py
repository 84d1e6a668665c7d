"""Discard and restore dead letters; at any moment a letter is in the queue, in the ledger, or in both."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

from gt_common.messages import (
    MAX_BODY,
    AttemptError,
    Restore,
    StoryCancelled,
    StoryMessage,
    encode,
    utc_now,
)
from gt_common.messaging.publisher import Publisher, open_publisher
from gt_common.messaging.topology import Role, ensure
from gt_common.settings import Settings
from gt_consumer.deadletters.gate import Gate
from gt_consumer.deadletters.ledger_view import (
    KnownLetter,
    cancelled_early,
    discarded_letters,
    select_letters,
)
from gt_consumer.deadletters.orders import Order, Step, skipped
from gt_consumer.deadletters.selection import died, last_failure
from gt_consumer.deadletters.sweep import LetterAction, OnLook, OnStep, Sweep

PATIENCE_S = 30.0
_NOT_YET: Final = "not yet: it was cancelled, and no worker has met its message so far; try again later"


async def discard(
    settings: Settings, order: Order, on_step: OnStep, on_look: OnLook = lambda _looked, _depth: None
) -> None:
    """Discard the selected letters: publish an event that carries the letter, then remove the letter.

    Parameters:
        on_step: called after each letter
        on_look: called for each group of messages that was read

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: the rest was not discarded
    """
    command = "gt-dlq discard"
    await ensure(settings, Role.DEAD_LETTERS)
    async with open_publisher(settings, command, PATIENCE_S) as publisher:

        async def cancel(letter: StoryMessage) -> Step:
            return await _cancel(publisher, letter, order, settings.discard_keep)

        action = LetterAction(command, cancel, all_runs=False)
        await Sweep(settings, order, action, Gate(), on_step, on_look).run()


async def restore(settings: Settings, order: Order, on_step: OnStep) -> None:
    """Return discarded letters to the dead-letter queue, the oldest discard first.

    One publish reaches both queue and ledger. If the command is killed after it, or repeated before the
    ledger has the event, the queue may get a second copy, which the next replay removes as stale.

    A story that was cancelled has the letter that its worker dropped, or the one with which it died
    meanwhile; it is skipped while the ledger has neither.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: the rest was not restored
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
    """
    known = await asyncio.to_thread(discarded_letters, settings)
    died, waited_for = await asyncio.to_thread(cancelled_early, settings, order.selection)
    chosen = [*select_letters(known[::-1], order.selection, None), *died]
    await ensure(settings, Role.DEAD_LETTERS)
    restored = 0
    async with open_publisher(settings, "gt-dlq restore", PATIENCE_S) as publisher:
        for one in chosen:
            if order.limit is not None and restored >= order.limit:
                return
            step = await _restore(publisher, one, order)
            restored += step.action == "restored"
            on_step(step)
    for event in waited_for:
        on_step(Step("skipped", event.batch_id, event.story_id, event.generation, _NOT_YET))


async def _cancel(publisher: Publisher, letter: StoryMessage, order: Order, keep_s: float) -> Step:
    now = utc_now()
    kept = letter if letter.errors else letter.model_copy(update={"errors": (_unknown(letter),)})
    event = StoryCancelled(
        **letter.identity(),
        at=now,
        attempt=letter.attempt,
        run=letter.run,
        by=order.by,
        reason=order.reason,
        purge_at=now + timedelta(seconds=keep_s),
        letter=kept,
    )
    if len(encode(event)) > MAX_BODY:
        return skipped(letter, "too large to be kept in the ledger; replay it instead")
    await publisher.event(event)
    return Step("discarded", letter.batch_id, letter.story_id, letter.generation)


async def _restore(publisher: Publisher, known: KnownLetter, order: Order) -> Step:
    event, letter, now = known.event, known.letter, utc_now()
    if isinstance(event, StoryCancelled) and event.purge_at <= now:
        when = f"{event.purge_at.astimezone():%Y-%m-%d %H:%M}"
        return skipped(letter, f"it could be restored until {when}")
    back = letter.brought_back(Restore(at=now, by=order.by, reason=order.reason))
    if len(encode(back)) > MAX_BODY:
        return skipped(letter, "its message would be too large")
    await publisher.dead_letter(back)
    return Step("restored", back.batch_id, back.story_id, back.generation)


def _unknown(letter: StoryMessage) -> AttemptError:
    """Return an error for a letter that does not name one; the ledger refuses letters without an error."""
    return AttemptError(
        failure=last_failure(letter),
        generation=letter.generation,
        attempt=letter.attempt,
        ended_at=died(letter),
    )
