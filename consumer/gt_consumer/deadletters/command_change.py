"""The command behind `gt-dlq replay`, `discard` and `restore`: preview, confirmation, work, summary."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AbstractContextManager, suppress
from itertools import islice
from typing import Literal

from gt_common.cli.operator import Ask, check_can_ask
from gt_common.cli.width import columns
from gt_common.errors import (
    CredentialsRefusedError,
    ExitCode,
    LedgerUnreachableError,
    StoppedByRuleError,
    UsageError,
)
from gt_common.lifecycle import StoryStatus
from gt_common.settings import Settings
from gt_common.texts import plural
from gt_consumer.deadletters.discard import discard, restore
from gt_consumer.deadletters.display import documents, tables
from gt_consumer.deadletters.display.printing import Rows, print_json, print_lines, remark
from gt_consumer.deadletters.display.record import Record
from gt_consumer.deadletters.display.steps import steps_document, summary
from gt_consumer.deadletters.ledger_view import (
    KnownLetter,
    LetterPages,
    check_batch,
    count_unreadable,
    line_of,
    open_letters,
)
from gt_consumer.deadletters.orders import Order, StepAction
from gt_consumer.deadletters.queue_view import queue_state
from gt_consumer.deadletters.replay import replay

REMARK_EVERY_S = 5.0
"""Time between two lines of progress, in seconds."""

Change = Literal["replay", "discard", "restore"]

_DONE: dict[Change, StepAction] = {"replay": "replayed", "discard": "discarded", "restore": "restored"}
_SELECTORS = "--batch, --story, --group, --error, --stage, --since or --limit"


def change_letters(
    settings: Settings, change: Change, order: Order, *, dry_run: bool, yes: bool, ask: Ask, as_json: bool
) -> int:
    """Preview the change, or confirm and perform it; return the exit code.

    For parameters and errors see `preview`, `confirm` and `perform`.
    """
    if dry_run:
        return preview(settings, change, order, as_json=as_json)
    if not confirm(settings, change, order, yes=yes, ask=ask):
        return ExitCode.DONE
    return perform(settings, change, order, as_json=as_json)


def preview(settings: Settings, change: Change, order: Order, *, as_json: bool) -> int:
    """List the letters that would be changed, according to the ledger: reading the queue would touch it.

    Raises:
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
        NoSuchBatchError: the ledger does not know the selected batch
    """
    cells: list[tables.Row] = []
    changes: list[str] = []
    count = 0
    with Rows() as rows:
        with open_selected(settings, change, order) as pages:
            for known in islice(pages.oldest(), order.limit):  # thousands of letters are never in memory
                count += 1
                if as_json:
                    rows.add(documents.plan_row(known, order.options))
                    continue
                cells.append(_cells(known, change))
                if order.options:
                    changes += documents.plan_lines([known], order.options)
        if as_json:
            rows.print_within({"schema": 1, "dry_run": True, "count": count}, "letters", {})
    if cells:
        table = tables.discarded_table if change == "restore" else tables.letter_table
        print_lines(table(cells, columns()))
        print_lines(["", *changes] if changes else [])
    if count:
        remark(f"would {change} {plural(count, 'dead letter')}, according to the ledger; nothing was changed")
    else:
        _check_selected_batch(settings, order)
        remark("nothing selected: the ledger has no matching dead letter")
    return ExitCode.DONE


def confirm(settings: Settings, change: Change, order: Order, *, yes: bool, ask: Ask) -> bool:
    """Whether the operator agrees; asked before every discard, and before a change without a selector.

    Parameters:
        yes: the operator has agreed already (`-y`)
        ask: puts a question to the operator; returns the answer

    Raises:
        UsageError: standard input is not a terminal, so nobody can be asked
    """
    has_selector = not order.selection.everything or order.limit is not None
    if yes or (has_selector and change != "discard"):
        return True
    if not has_selector and not sys.stdin.isatty():
        raise UsageError(f"no letters selected: add {_SELECTORS}, or -y for all")
    check_can_ask("discard", "add -y, or preview it with -n")
    question = _question(settings, change, order, has_selector=has_selector)
    if question is None or ask(question):
        return True
    remark(f"nothing {_DONE[change]}")
    return False


def _question(settings: Settings, change: Change, order: Order, *, has_selector: bool) -> str | None:
    """Return the question for the operator; None when there is nothing to change.

    The count comes from the queue where possible, because the ledger may not know every letter yet. A queue
    that holds none may have lost what the ledger knows.
    """
    if change == "restore":
        count = count_selected(settings, change, order)
        return f"Restore {'' if has_selector else 'all '}{plural(count, 'dead letter')}?" if count else None
    depth = asyncio.run(queue_state(settings)).depth
    known = count_selected(settings, change, order) if has_selector or order.from_ledger else 0
    if not depth and not (known and order.from_ledger):
        return None
    if not has_selector:
        return f"{change.capitalize()} all {plural(max(depth, known), 'dead letter')}?"
    return (
        f"{change.capitalize()} the selected dead letters ({known} according to the ledger, "
        f"{depth} in the queue altogether)?"
    )


def perform(settings: Settings, change: Change, order: Order, *, as_json: bool) -> int:
    """Perform the change and print its steps, also when it is stopped half-way; return the exit code.

    Every few seconds a line says how far it is.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: the rest was not changed
        LedgerUnreachableError: a restore or a canary cannot read the ledger
        StoppedByRuleError: a canary's story failed again
    """
    record = Record(as_json=as_json, at_once=order.rate is not None or order.canary is not None)
    stopped: str | None = None
    ended = False
    try:
        asyncio.run(_work(settings, change, order, record))
        ended = True
    except StoppedByRuleError as error:
        stopped = str(error)
        raise
    finally:
        if as_json:
            print_json(steps_document(record.steps, _DONE[change], stopped))
        if record.counts:
            remark(summary(record.counts))
        elif ended:
            remark(_nothing_done(change))
    if not record.counts:
        _check_selected_batch(settings, order)
    unread = change == "replay" and _say_unreadable(settings, order)
    return ExitCode.SOME_FAILED if record.counts["skipped"] or unread else ExitCode.DONE


async def _work(settings: Settings, change: Change, order: Order, record: Record) -> None:
    async with record.remarks_every(REMARK_EVERY_S):
        match change:
            case "replay":
                await replay(settings, order, record.step, remark, record.look)
            case "discard":
                await discard(settings, order, record.step, record.look)
            case "restore":
                await restore(settings, order, record.step)


def _check_selected_batch(settings: Settings, order: Order) -> None:
    """Distinguish a batch without dead letters from an unknown batch.

    Raises:
        NoSuchBatchError: the ledger does not know the batch
    """
    if order.selection.batch is not None:
        with suppress(LedgerUnreachableError, CredentialsRefusedError):
            check_batch(settings, order.selection.batch)


def _say_unreadable(settings: Settings, order: Order) -> bool:
    """Print how many stories of the selected batch cannot be replayed; return whether there are any."""
    count = 0
    if order.limit is None:
        with suppress(LedgerUnreachableError, CredentialsRefusedError):
            count = count_unreadable(settings, order.selection)
    if count:
        remark(
            f"not replayed: {plural(count, 'story')} whose message cannot be read; see "
            f"`gt-dlq list --unreadable --batch {order.selection.batch}`"
        )
    return count > 0


def _nothing_done(change: Change) -> str:
    if change == "restore":
        return "nothing restored: the ledger has no matching discarded dead letter"
    return f"nothing {_DONE[change]}: no matching dead letter is ready in the queue"


def _cells(known: KnownLetter, change: Change) -> tables.Row:
    return tables.discarded_row(known) if change == "restore" else tables.letter_row(line_of(known.letter))


def count_selected(settings: Settings, change: Change, order: Order) -> int:
    """Return how many letters the ledger knows that would be changed; for errors see `preview`."""
    with open_selected(settings, change, order) as pages:
        if pages.by_content:
            return sum(1 for _ in islice(pages.oldest(), order.limit))
        return pages.count if order.limit is None else min(pages.count, order.limit)


def open_selected(settings: Settings, change: Change, order: Order) -> AbstractContextManager[LetterPages]:
    """Open the ledger to read the letters that would be changed; for errors see `preview`."""
    status = StoryStatus.CANCELLED if change == "restore" else StoryStatus.FAILED
    return open_letters(settings, order.selection, status)
