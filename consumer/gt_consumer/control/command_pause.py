"""What `gt-control pause` and `resume` do: see what is paused, order it, wait for the ledger, say so."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from typing import Final

from gt_common.cli.json_output import print_json
from gt_common.cli.operator import Ask
from gt_common.errors import ExitCode, LedgerUnreachableError
from gt_common.ledger import open_ledger, read_ledger
from gt_common.ledger.find_batch import check_known
from gt_common.ledger.reader import LedgerReader
from gt_common.messages import BatchHold, BatchPaused, FleetHold, FleetPaused, is_local
from gt_common.messaging.control.standing import read_holds
from gt_common.messaging.publisher import open_publisher
from gt_common.messaging.topology import Role, ensure
from gt_common.settings import Settings
from gt_common.texts import by_whom, utc_text
from gt_consumer.control.pause import PauseOrder, Standing, known_event, wait_taken
from gt_consumer.control.pause_rules import fit_rules
from gt_consumer.control.printing import remark

PATIENCE_S: Final = 30.0
NAME: Final = "gt-control"


@dataclass(frozen=True)
class Ordered:
    """What an order did.

    Parameters:
        revision: of the order; None if it was so already
        was_paused: whether it was paused before, as far as the ledger knew
        taken: whether the ledger has it
    """

    revision: int | None
    was_paused: bool
    taken: bool = True


def change_pause(settings: Settings, order: PauseOrder, *, yes: bool, ask: Ask, as_json: bool) -> int:
    """Pause or resume a batch or the whole fleet; return the exit code.

    Parameters:
        yes: the operator has agreed already (`-y`)
        ask: puts a question to the operator; returns the answer

    Raises:
        NoSuchBatchError: the ledger does not know the batch
        UsageError: a stop rule would undo it
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: nothing was ordered
        LedgerUnreachableError: the ledger cannot be read, or no aggregator takes the event
    """
    with read_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
        order = prepare(settings, ledger, order)
        if not (yes or _agreed(order, ask)):
            remark("nothing paused")
            return ExitCode.DONE
        done = carry_out(settings, ledger, order)
        _print(ledger, order, done, as_json=as_json)
    check_taken(done)
    return ExitCode.DONE


def prepare(settings: Settings, ledger: LedgerReader, order: PauseOrder) -> PauseOrder:
    """Check an order against what the ledger knows of its batch; return it with rules that count.

    Raises:
        NoSuchBatchError: the ledger does not know the batch
        UsageError: a stop rule would undo it
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
    """
    if order.batch_id is None:
        return order
    check_known(ledger, order.batch_id)
    head, phase = ledger.head(order.batch_id), ledger.phase(order.batch_id)
    return fit_rules(order, head, phase, settings.currency)


def carry_out(settings: Settings, ledger: LedgerReader, order: PauseOrder) -> Ordered:
    """Pause or resume; return what that did.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: nothing was ordered
        LedgerUnreachableError: the ledger cannot be read
    """
    if order.batch_id is not None and is_local(ledger.head(order.batch_id).opened):
        return pause_local(settings, ledger, order)
    return asyncio.run(_order(settings, ledger, order))


def check_taken(done: Ordered) -> None:
    """Raise if no aggregator took the event of an order.

    Raises:
        LedgerUnreachableError: so it is
    """
    if not done.taken:
        raise LedgerUnreachableError(
            "the workers have the order, but no aggregator took it into the ledger within 10 s; "
            "start gt-aggregate"
        )


def said_result(order: PauseOrder, event: BatchHold | FleetHold | None, done: Ordered) -> list[str]:
    """Return what became of an order that the ledger has, in lines for its operator.

    Parameters:
        event: what the ledger knows now
    """
    whose = by_whom(event.by, event.reason) if event else ""
    lines = [_said(order, done, whose)]
    if isinstance(event, BatchPaused | FleetPaused) != order.pause:
        lines.append(f"{order.what} was {'resumed' if order.pause else 'paused'} since then by {whose}")
    return lines


def pause_local(settings: Settings, ledger: LedgerReader, order: PauseOrder) -> Ordered:
    """Pause or resume a batch of gt-batch, which looks into the ledger for it; return what that did."""
    event = known_event(ledger, order.batch_id)
    was_paused = isinstance(event, BatchPaused)
    if was_paused == order.pause and order.rules is None:
        return Ordered(None, was_paused)
    revision = event.revision + 1 if event else 1
    with open_ledger(settings.ledger, timeout=settings.connect_timeout) as writable:
        writable.apply([order.event(revision)])
    return Ordered(revision, was_paused)


def _agreed(order: PauseOrder, ask: Ask) -> bool:
    """Whether the operator agrees; only who pauses the whole fleet at a terminal is asked."""
    if order.batch_id is not None or not order.pause or not sys.stdin.isatty():
        return True
    return ask("Pause the whole fleet? No worker starts a story until `gt-control resume`.")


async def _order(settings: Settings, ledger: LedgerReader, order: PauseOrder) -> Ordered:
    """Order it and wait for the ledger; return what that did."""
    await ensure(settings, Role.OPERATOR)
    async with open_publisher(settings, NAME, PATIENCE_S) as publisher:
        holds = await read_holds(settings, publisher, NAME)
        event = await asyncio.to_thread(known_event, ledger, order.batch_id)
        standing = Standing(holds.latest(order.batch_id), event)
        was_paused = isinstance(event, BatchPaused | FleetPaused)
        if standing.is_so(paused=order.pause) and order.rules is None:
            return Ordered(None, was_paused)
        revision = standing.revision + 1
        # Killed in between, a pause holds and a resumption leaves the batch waiting: no story runs while the
        # ledger, which applies the stop rules, takes its batch for paused.
        if order.pause:
            await publisher.control(order.notice(revision))
        await publisher.event(order.event(revision))
        if not order.pause:
            await publisher.control(order.notice(revision))
    return Ordered(revision, was_paused, await wait_taken(ledger, order, revision))


def _print(ledger: LedgerReader, order: PauseOrder, done: Ordered, *, as_json: bool) -> None:
    event = known_event(ledger, order.batch_id)
    paused = isinstance(event, BatchPaused | FleetPaused)
    if as_json:
        print_json(
            {
                "schema": 1,
                "batch_id": order.batch_id,
                "paused": paused,
                "changed": done.revision is not None,
                "in_ledger": done.taken,
                "by": event.by if event else None,
                "reason": event.reason if event else None,
                "at": utc_text(event.at) if event else None,
                "revision": event.revision if event else 0,
            }
        )
    for line in said_result(order, event, done) if done.taken else ():
        remark(line)


def _said(order: PauseOrder, done: Ordered, whose: str) -> str:
    if order.pause and done.revision is None:
        return f"{order.what} is paused already, by {whose}"
    if not order.pause and done.revision is None:
        return f"{order.what} is not paused"
    if not order.pause and order.rules is not None and not done.was_paused:
        return f"{order.what} was not paused; its new stop rules count from now on"
    if not order.pause:
        return f"resumed {order.what}"
    again = f"gt-control resume {order.batch_id or ''}".strip()
    return f"paused {order.what}: running stories end, no other starts until `{again}`"
