"""Runs the commands' own code for what was ordered on a page."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from gt_common.ledger import read_ledger
from gt_common.ledger.find_batch import check_known
from gt_consumer.control import command_cancel, command_pause
from gt_consumer.control.cancel_plan import read_plan
from gt_consumer.control.pause import known_event
from gt_consumer.deadletters.discard import discard, restore
from gt_consumer.deadletters.replay import replay

if TYPE_CHECKING:
    from gt_common.settings import Settings
    from gt_consumer.control.orders import CancelOrder
    from gt_consumer.control.pause import PauseOrder
    from gt_consumer.dashboard.desk import Work
    from gt_consumer.dashboard.orders import Action
    from gt_consumer.deadletters.orders import Order

Do = Callable[["Work"], Awaitable[None]]


def change_letters(settings: Settings, action: Action, order: Order) -> Do:
    """Return the work of a replay, a discard or a restore."""

    async def do(work: Work) -> None:
        if action == "replay":
            await replay(settings, order, work.step, work.say)
        elif action == "discard":
            await discard(settings, order, work.step)
        else:
            await restore(settings, order, work.step)
        if not work.counts:
            work.say(
                "no matching dead letter is ready in the queue"
                if action != "restore"
                else "nothing to restore"
            )

    return do


def cancel_stories(settings: Settings, order: CancelOrder) -> Do:
    """Return the work of a cancel."""

    def cancel(work: Work) -> None:
        with read_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
            check_known(ledger, order.batch_id)
            plan = read_plan(ledger, order)
            if not plan.refs:
                work.say("nothing to cancel: all its stories are final already")
                return
            result, running = command_cancel.carry_out(settings, ledger, order, plan, work.say)
        for line in result.lines():
            work.say(line)
        if running:
            work.say(f"attempts whose end was not reported: {running}; is its gt-batch still running?")
        command_cancel.check_taken(result)

    return lambda work: asyncio.to_thread(cancel, work)


def change_pause(settings: Settings, order: PauseOrder) -> Do:
    """Return the work of a pause or a resumption."""

    def change(work: Work) -> None:
        with read_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
            prepared = command_pause.prepare(settings, ledger, order)
            done = command_pause.carry_out(settings, ledger, prepared)
            event = known_event(ledger, prepared.batch_id)
        command_pause.check_taken(done)
        for line in command_pause.said_result(prepared, event, done):
            work.say(line)

    return lambda work: asyncio.to_thread(change, work)
