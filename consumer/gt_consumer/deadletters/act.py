"""What `gt-dlq replay`, `discard` and `restore` do, and how they are asked for and told."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Literal

from gt_common.cli.width import columns
from gt_common.errors import (
    CredentialsRefusedError,
    ExitCode,
    LedgerUnreachableError,
    StoppedByRuleError,
    UsageError,
)
from gt_common.settings import Settings
from gt_common.texts import plural
from gt_consumer.deadletters.discard import discard, restore
from gt_consumer.deadletters.display import documents as view
from gt_consumer.deadletters.display import tables
from gt_consumer.deadletters.display.printing import (
    print_json,
    print_lines,
    remark,
)
from gt_consumer.deadletters.display.steps import step_line, steps_document, summary
from gt_consumer.deadletters.ledger_view import (
    Known,
    check_batch,
    choose_known,
    discarded_letters,
    failed_letters,
)
from gt_consumer.deadletters.orders import Action, Order, Step
from gt_consumer.deadletters.queue_view import queue_depth
from gt_consumer.deadletters.replay import replay
from gt_consumer.deadletters.sweep import Tell

TELL_EVERY = 500

Verb = Literal["replay", "discard", "restore"]
Ask = Callable[[str], bool]

_DONE: dict[Verb, Action] = {"replay": "replayed", "discard": "discarded", "restore": "restored"}
_SELECTORS = "--batch, --story, --group, --error, --stage, --since or --limit"


def dry_run(settings: Settings, verb: Verb, order: Order, *, as_json: bool) -> int:
    """List what a command would handle, as the ledger knows it: looking into the queue would touch it.

    Raises:
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
    """
    chosen = _meant(settings, verb, order)
    if as_json:
        rows = [view.plan_row(one, order.options) for one in chosen]
        print_json({"schema": 1, "dry_run": True, "count": len(chosen), "letters": [*rows]})
    elif chosen:
        table = tables.discarded_table if verb == "restore" else tables.letter_table
        print_lines(table(chosen, columns()))
        if order.options:
            print_lines(["", *view.plan_lines(chosen, order.options)])
    if chosen:
        remark(
            f"would {verb} {plural(len(chosen), 'dead letter')} (by the ledger; a dry run changes nothing)"
        )
    else:
        _check_selected_batch(settings, order)
        remark("nothing selected: the ledger knows no such dead letter")
    return ExitCode.DONE


def confirmed(settings: Settings, verb: Verb, order: Order, *, yes: bool, ask: Ask) -> bool:
    """Make sure that the operator means it: what is discarded, and all where nothing is selected.

    Parameters:
        yes: the operator said so already
        ask: puts a question to the operator

    Raises:
        UsageError: nobody is there to be asked
    """
    selected = not order.selection.everything or order.limit is not None
    if yes or (selected and verb != "discard"):
        return True
    if not sys.stdin.isatty():
        if selected:
            raise UsageError(
                "discarding wants -y where nobody can be asked; -n shows what would be discarded"
            )
        raise UsageError(f"nothing selected; give {_SELECTORS}, or -y for all")
    question = _question(settings, verb, order, selected=selected)
    if question is None or ask(question):
        return True
    remark(f"nothing {_DONE[verb]}")
    return False


def _question(settings: Settings, verb: Verb, order: Order, *, selected: bool) -> str | None:
    """Give what the operator is asked; None when there is nothing to be handled.

    What lies in the queue is asked of the queue: the ledger may not know of it yet.
    """
    if verb == "restore":
        count = len(_meant(settings, verb, order))
        return f"Restore {'' if selected else 'all '}{count}?" if count else None
    depth = asyncio.run(queue_depth(settings))
    if not depth:
        return None
    if not selected:
        return f"{verb.capitalize()} all {depth}?"
    known = len(_meant(settings, verb, order))
    letters = plural(depth, "dead letter")
    return f"{verb.capitalize()} what fits of {letters} in the queue (the ledger knows {known})?"


def replay_now(settings: Settings, order: Order, *, as_json: bool) -> int:
    """Replay what is ordered and say what was done, also when it was stopped half-way.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: the rest was not replayed
        StoppedByRuleError: a story of the canary failed again
    """

    async def work(tell: Tell) -> None:
        await replay(settings, order, tell, remark)

    slow = order.rate is not None or order.canary is not None
    return _act(settings, "replay", order, work, as_json=as_json, at_once=slow)


def discard_now(settings: Settings, order: Order, *, as_json: bool) -> int:
    """Discard what is ordered; for errors see `replay_now`."""

    async def work(tell: Tell) -> None:
        await discard(settings, order, tell)

    return _act(settings, "discard", order, work, as_json=as_json)


def restore_now(settings: Settings, order: Order, *, as_json: bool) -> int:
    """Restore what is ordered; for errors see `replay_now`."""

    async def work(tell: Tell) -> None:
        await restore(settings, order, tell)

    return _act(settings, "restore", order, work, as_json=as_json)


def _act(
    settings: Settings,
    verb: Verb,
    order: Order,
    work: Callable[[Tell], Coroutine[None, None, None]],
    *,
    as_json: bool,
    at_once: bool = False,
) -> int:
    """Run a command and print its steps, with `at_once` as they are done."""
    steps: list[Step] = []
    stopped: str | None = None
    ended = False

    def tell(step: Step) -> None:
        steps.append(step)
        if at_once and not as_json:
            print(step_line(step), flush=True)
        elif len(steps) % TELL_EVERY == 0:
            remark(f"{summary(steps)} so far")

    try:
        asyncio.run(work(tell))
        ended = True
    except StoppedByRuleError as error:
        stopped = str(error)
        raise
    finally:
        if as_json:
            print_json(steps_document(steps, _DONE[verb], stopped))
        elif not at_once:
            print_lines(map(step_line, steps))
        if steps:
            remark(summary(steps))
        elif ended:
            remark(_nothing(verb))
    if not steps:
        _check_selected_batch(settings, order)
    return ExitCode.SOME_FAILED if any(step.action == "skipped" for step in steps) else ExitCode.DONE


def _check_selected_batch(settings: Settings, order: Order) -> None:
    """Tell a batch without dead letters from a batch that nobody knows.

    Raises:
        NoSuchBatchError: the ledger knows no such batch
    """
    if order.selection.batch is not None:
        with suppress(LedgerUnreachableError, CredentialsRefusedError):
            check_batch(settings, order.selection.batch)


def _nothing(verb: Verb) -> str:
    if verb == "restore":
        return "nothing restored: the ledger knows no such discarded dead letter"
    return f"nothing {_DONE[verb]}: no such dead letter is ready in the queue"


def _meant(settings: Settings, verb: Verb, order: Order) -> list[Known]:
    read = discarded_letters if verb == "restore" else failed_letters
    return choose_known(read(settings, batch=order.selection.batch)[::-1], order.selection, order.limit)
