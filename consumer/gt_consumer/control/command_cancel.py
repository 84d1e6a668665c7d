"""What `gt-control cancel` does: read what is concerned, ask, cancel, and print what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from gt_common.cli.json_output import print_json
from gt_common.cli.operator import Ask, check_can_ask
from gt_common.cli.remarks import remarks_every
from gt_common.errors import ExitCode, LedgerUnreachableError
from gt_common.ledger import read_ledger
from gt_common.ledger.find_batch import check_known
from gt_common.ledger.reader import LedgerReader
from gt_common.messages import is_local, utc_now
from gt_common.messaging.publisher import open_publisher
from gt_common.messaging.topology import Role, ensure
from gt_common.settings import Settings
from gt_common.texts import plural
from gt_consumer.control.cancel import TAKEN_S, Cancel
from gt_consumer.control.cancel_plan import CancelPlan, read_plan
from gt_consumer.control.cancel_result import CancelResult, read_result
from gt_consumer.control.local import STOPPED_S, cancel_local
from gt_consumer.control.orders import CancelOrder
from gt_consumer.control.printing import remark

PATIENCE_S: Final = 30.0
REMARK_EVERY_S: Final = 5.0
"""Time between two lines of progress, in seconds."""


def cancel(settings: Settings, order: CancelOrder, *, yes: bool, ask: Ask, as_json: bool) -> int:
    """Cancel stories and return the exit code.

    Parameters:
        yes: the operator has agreed already (`-y`)
        ask: puts a question to the operator; returns the answer

    Raises:
        NoSuchBatchError: the ledger does not know the batch
        UsageError: the batch has no such story, or nobody can be asked
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: not all of it was cancelled
        LedgerUnreachableError: the ledger cannot be read, or no aggregator takes the events
    """
    with read_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
        check_known(ledger, order.batch_id)
        plan = read_plan(ledger, order)
        if not plan.refs:
            return _nothing_to_do(order, plan, as_json=as_json)
        if not (yes or _confirm(order, plan, ask)):
            remark("nothing cancelled")
            return ExitCode.DONE
        result, running = carry_out(settings, ledger, order, plan, remark)
    code = _print_result(result, as_json=as_json)
    return _say_running(running) if running else code


def carry_out(
    settings: Settings, ledger: LedgerReader, order: CancelOrder, plan: CancelPlan, say: Callable[[str], None]
) -> tuple[CancelResult, int]:
    """Cancel; return what became of it, and how many attempts of a gt-batch did not report their end.

    Parameters:
        plan: the stories, which are not none
        say: takes lines about the progress

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: not all of it was cancelled
        LedgerUnreachableError: the ledger cannot be read
    """
    order = replace(order, at=utc_now())
    left, running = 0, 0
    if is_local(ledger.head(order.batch_id).opened):
        running = cancel_local(settings, ledger, order, plan.refs)
    else:
        left = asyncio.run(_cancel(settings, ledger, order, plan, say))
    return read_result(ledger, order, plan, left), running


def _confirm(order: CancelOrder, plan: CancelPlan, ask: Ask) -> bool:
    check_can_ask("cancel", "add -y")
    what = f"{plural(len(plan.refs), 'story')} of batch {order.batch_id} ({plan.open_text()})"
    return ask(f"Cancel {what}?")


async def _cancel(
    settings: Settings, ledger: LedgerReader, order: CancelOrder, plan: CancelPlan, say: Callable[[str], None]
) -> int:
    """Cancel the stories; return how many of them the ledger does not have as final yet."""
    await ensure(settings, Role.OPERATOR)
    async with open_publisher(settings, "gt-control cancel", PATIENCE_S) as publisher:
        work = Cancel(ledger, publisher, order, settings.discard_keep)
        try:
            async with remarks_every(REMARK_EVERY_S, lambda: say(_progress(work, len(plan.refs)))):
                await work.run(plan.refs)
        except BaseException:
            if work.ordered:
                say(f"stopped half-way: {_progress(work, len(plan.refs))}; run the command again")
            raise
    return work.left


def _progress(work: Cancel, total: int) -> str:
    told = f"{work.ordered} of {plural(total, 'story')} ordered, {work.published} events published"
    return told if work.publishing else f"{told}, {work.left} not in the ledger yet"


def _say_running(attempts: int) -> int:
    """Print that attempts of a gt-batch may still run; return the exit code."""
    remark(
        f"the end of {plural(attempts, 'attempt')} was not reported within {STOPPED_S:g} s; is its gt-batch "
        "still running?"
    )
    return ExitCode.NOT_FINISHED


def _nothing_to_do(order: CancelOrder, plan: CancelPlan, *, as_json: bool) -> int:
    result = CancelResult(order, plan, 0, 0)
    if as_json:
        print_json(result.document())
    if plan.final:
        remark(f"nothing to cancel in batch {order.batch_id}: all final already ({plan.final_text()})")
    else:
        remark(f"nothing to cancel in batch {order.batch_id}: none of its stories is listed yet")
    return _code(result)


def _print_result(result: CancelResult, *, as_json: bool) -> int:
    if as_json:
        print_json(result.document())
    for line in result.lines():
        remark(line)
    check_taken(result)
    return _code(result)


def check_taken(result: CancelResult) -> None:
    """Check that the ledger has all of a cancel.

    Raises:
        LedgerUnreachableError: it has not
    """
    if result.left:
        raise LedgerUnreachableError(
            f"the workers have the order, but no aggregator took {plural(result.left, 'event')} into the "
            f"ledger within {TAKEN_S:g} s; start gt-aggregate"
        )


def _code(result: CancelResult) -> int:
    if result.plan.not_listed:
        remark(
            f"{plural(result.plan.not_listed, 'story')} of the batch not listed yet and not cancelled: it is "
            "still being published; run the command again when it is published"
        )
        return ExitCode.NOT_FINISHED
    return ExitCode.DONE
