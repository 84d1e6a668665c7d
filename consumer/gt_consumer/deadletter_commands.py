"""What `gt-dlq list`, `show` and `replay` do: results on standard output, remarks on standard error."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Sequence

from gt_common.errors import (
    BrokerUnreachableError,
    CredentialsRefusedError,
    ExitCode,
    TopologyError,
    UsageError,
)
from gt_common.messages import StoryMessage
from gt_common.settings import Settings
from gt_consumer import deadletter_view as view
from gt_consumer.deadletter_replay import Order, Step, replay
from gt_consumer.deadletters import (
    Selection,
    Unreadable,
    check_batch,
    choose,
    difference,
    find_letter,
    known_letters,
    queue_depth,
    queued_letters,
)

BROKER_TROUBLE = (BrokerUnreachableError, CredentialsRefusedError, TopologyError)
TELL_EVERY = 500
PIPE_WIDTH = 200


def list_ledger(settings: Settings, selection: Selection, limit: int | None, *, as_json: bool) -> int:
    """List what the ledger knows; say when the queue holds another number.

    Raises:
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
        NoSuchBatchError: the ledger knows no such batch
    """
    known = known_letters(settings)
    depth = _compare_with_queue(settings, len(known))
    chosen = choose(known, selection, None)
    if not chosen and selection.batch is not None:
        check_batch(settings, selection.batch)
    _print_letters(chosen, limit, [], source="ledger", depth=depth, known=len(known), as_json=as_json)
    return ExitCode.DONE


def list_queue(settings: Settings, selection: Selection, limit: int | None, *, as_json: bool) -> int:
    """List what lies in the queue itself, with what is no story message when nothing is selected.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: the queue cannot be read
    """
    letters, bodies = asyncio.run(queued_letters(settings))
    chosen = choose(letters, selection, None)
    unreadable = bodies if selection.everything else []
    depth = len(letters) + len(bodies)
    _print_letters(chosen, limit, unreadable, source="queue", depth=depth, known=None, as_json=as_json)
    return ExitCode.DONE


def show(settings: Settings, story: str, batch: str | None, *, as_json: bool) -> int:
    """Show one dead letter in full.

    Raises:
        NoSuchBatchError, UsageError: there is no such batch or letter, or there are several
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
    """
    if batch is not None:
        check_batch(settings, batch)
    letter = find_letter(settings, story, batch)
    if as_json:
        _print_json(view.full(letter))
    else:
        print("\n".join(view.letter_lines(letter)))
    return ExitCode.DONE


def dry_run(settings: Settings, order: Order, *, as_json: bool) -> int:
    """List what a replay would send, as the ledger knows it: looking into the queue would touch it.

    Raises:
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
    """
    chosen = choose(known_letters(settings)[::-1], order.selection, order.limit)
    if as_json:
        _print_json({"schema": 1, "dry_run": True, "count": len(chosen), "letters": [*map(view.row, chosen)]})
    elif chosen:
        _print_table(chosen)
    _remark(
        f"would replay {_letters(len(chosen))} (by the ledger; a dry run does not touch the queue)"
        if chosen
        else "nothing selected: the ledger knows no such dead letter"
    )
    return ExitCode.DONE


def confirmed_all(settings: Settings, *, yes: bool, ask: Callable[[str], bool]) -> bool:
    """Make sure that all dead letters are meant, since nothing selects some of them.

    Parameters:
        yes: the operator said so already
        ask: puts a question to the operator

    Raises:
        UsageError: nobody is there to be asked
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError(
            "nothing selected; give --batch, --story, --error, --stage or --limit, or -y for all"
        )
    count = asyncio.run(queue_depth(settings))
    if not count:
        return True
    return ask(f"Replay all {count}?")


def replay_now(settings: Settings, order: Order, *, as_json: bool) -> int:
    """Replay what is ordered and say what was done, also when it was stopped half-way.

    Raises:
        UsageError: the reason is too long
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: the rest was not replayed
    """
    if order.reason is not None and len(order.reason) > 500:
        raise UsageError("--reason may have 500 characters at most")
    steps: list[Step] = []

    def tell(step: Step) -> None:
        steps.append(step)
        if len(steps) % TELL_EVERY == 0:
            _remark(f"{view.summary(steps)} so far")

    try:
        asyncio.run(replay(settings, order, tell))
    finally:
        _print_steps(steps, as_json=as_json)
    return ExitCode.SOME_FAILED if any(step.action == "skipped" for step in steps) else ExitCode.DONE


def _compare_with_queue(settings: Settings, known: int) -> int | None:
    try:
        depth = asyncio.run(queue_depth(settings))
    except BROKER_TROUBLE as error:
        _remark(f"warning: could not compare with the queue: {error}")
        return None
    if remark := difference(depth, known):
        _remark(remark)
    return depth


def _print_letters(
    chosen: Sequence[StoryMessage],
    limit: int | None,
    unreadable: Sequence[Unreadable],
    *,
    source: str,
    depth: int | None,
    known: int | None,
    as_json: bool,
) -> None:
    shown = chosen[:limit]
    if as_json:
        _print_json(
            {
                "schema": 1,
                "source": source,
                "in_queue": depth,
                "in_ledger": known,
                "selected": len(chosen),
                "letters": [*map(view.row, shown)],
                "unreadable": [*map(view.unreadable_row, unreadable)],
            }
        )
        return
    if shown:
        _print_table(shown)
    for line in view.unreadable_lines(unreadable):
        print(line)
    if not shown and not unreadable:
        _remark("no dead letters")
    elif len(shown) < len(chosen):
        _remark(f"these are {len(shown)} of {_letters(len(chosen))}")


def _print_steps(steps: Sequence[Step], *, as_json: bool) -> None:
    counts = Counter(step.action for step in steps)
    if as_json:
        document: view.Document = {"schema": 1, "dry_run": False}
        document |= {action: counts[action] for action in ("replayed", "removed", "skipped")}
        _print_json({**document, "steps": [*map(view.step_row, steps)]})
    else:
        for step in steps:
            print(view.step_line(step))
    _remark(view.summary(steps) if steps else "nothing replayed: no such dead letter is ready in the queue")


def _print_table(letters: Sequence[StoryMessage]) -> None:
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPE_WIDTH
    for line in view.table_lines(letters, width):
        print(line)


def _letters(count: int) -> str:
    return f"{count} dead letter{'' if count == 1 else 's'}"


def _print_json(document: view.Document) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=2))


def _remark(text: str) -> None:
    print(f"gt-dlq: {' '.join(text.split())}", file=sys.stderr)
