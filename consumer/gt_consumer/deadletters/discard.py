"""Discarding dead letters and bringing them back: each lies in the queue, or in the ledger, or in both."""

from __future__ import annotations

import asyncio
from datetime import timedelta

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
from gt_consumer.deadletters.ledger_view import Known, choose_known, discarded_letters
from gt_consumer.deadletters.orders import Order, Step, skipped
from gt_consumer.deadletters.selection import died, last_failure
from gt_consumer.deadletters.sweep import Deed, Handling, Tell

PATIENCE_S = 30.0


async def discard(settings: Settings, order: Order, tell: Tell) -> None:
    """Discard what is ordered: the event that carries the letter is confirmed, then the letter is removed.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: the rest was not discarded
    """
    command = "gt-dlq discard"
    await ensure(settings, Role.DEAD_LETTERS)
    async with open_publisher(settings, command, PATIENCE_S) as publisher:

        async def act(letter: StoryMessage) -> Step:
            return await _put_away(publisher, letter, order, settings.discard_keep)

        await Handling(settings, order, Deed(command, act, all_runs=False), Gate(), tell).run()


async def restore(settings: Settings, order: Order, tell: Tell) -> None:
    """Bring discarded letters back into the dead-letter queue, the oldest discarded first.

    One publish puts the letter into the queue and tells the ledger. Killed after it, or run again before the
    ledger has taken it in, the queue may get a second copy, which the next replay recognises.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: the rest was not restored
        LedgerUnreachableError: the ledger, where discarded letters lie, cannot be read
    """
    known = await asyncio.to_thread(discarded_letters, settings)
    chosen = choose_known(known[::-1], order.selection, None)
    await ensure(settings, Role.DEAD_LETTERS)
    restored = 0
    async with open_publisher(settings, "gt-dlq restore", PATIENCE_S) as publisher:
        for one in chosen:
            if order.limit is not None and restored >= order.limit:
                return
            step = await _bring_back(publisher, one, order)
            restored += step.action == "restored"
            tell(step)


async def _put_away(publisher: Publisher, letter: StoryMessage, order: Order, keep_s: float) -> Step:
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
        return skipped(letter, "too large for the ledger to keep it; replay it instead")
    await publisher.event(event)
    return Step("discarded", letter.batch_id, letter.story_id, letter.generation)


async def _bring_back(publisher: Publisher, known: Known, order: Order) -> Step:
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
    """Give the error of a letter that names none; the ledger takes no dead letter without a cause."""
    return AttemptError(
        failure=last_failure(letter),
        generation=letter.generation,
        attempt=letter.attempt,
        ended_at=died(letter),
    )
