"""What `gt-dlq list`, `groups`, `show` and `export` do: they read, and change nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from gt_common.cli.width import columns
from gt_common.errors import BrokerUnreachableError, CredentialsRefusedError, ExitCode, TopologyError
from gt_common.files import write_atomically
from gt_common.settings import Settings
from gt_common.texts import plural
from gt_consumer.deadletters.display import documents as view
from gt_consumer.deadletters.display import tables
from gt_consumer.deadletters.display.printing import (
    print_json,
    print_lines,
    remark,
)
from gt_consumer.deadletters.groups import group, group_command
from gt_consumer.deadletters.ledger_view import (
    Known,
    check_batch,
    choose_known,
    discarded_letters,
    failed_letters,
    find_letter,
    replayed_letters,
)
from gt_consumer.deadletters.queue_view import difference, queue_depth, queued_letters
from gt_consumer.deadletters.selection import Selection

BROKER_TROUBLE = (BrokerUnreachableError, CredentialsRefusedError, TopologyError)


def list_ledger(settings: Settings, selection: Selection, limit: int | None, *, as_json: bool) -> int:
    """List what the ledger knows; say when the queue holds another number.

    Raises:
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
        NoSuchBatchError: the ledger knows no such batch
    """
    known = failed_letters(settings)
    depth = _compare_with_queue(settings, len(known))
    chosen = choose_known(known, selection, None)
    replayed = choose_known(replayed_letters(settings, batch=selection.batch), selection, None)
    if not chosen and not replayed:
        _check_batch(settings, selection)
    if as_json:
        counts: view.Document = {"in_queue": depth, "in_ledger": len(known), "selected": len(chosen)}
        letters: view.Document = {
            "letters": [view.row(one) for one in chosen[:limit]],
            "replayed": [view.row(one) for one in replayed[:limit]],
            "unreadable": [],
        }
        print_json({"schema": 1, "source": "ledger", **counts, **letters})
        return ExitCode.DONE
    _print_letters(chosen, limit)
    if replayed:
        print_lines(["", "Replayed, no outcome yet:"] if chosen else ["Replayed, no outcome yet:"])
        print_lines(tables.replayed_table(replayed[:limit], columns()))
    return ExitCode.DONE


def list_discarded(settings: Settings, selection: Selection, limit: int | None, *, as_json: bool) -> int:
    """List discarded letters, and until when they can be restored; for errors see `list_ledger`."""
    chosen = choose_known(discarded_letters(settings, batch=selection.batch), selection, None)
    if not chosen:
        _check_batch(settings, selection)
    if as_json:
        rows = [view.row(one) for one in chosen[:limit]]
        print_json({"schema": 1, "source": "ledger", "selected": len(chosen), "discarded": [*rows]})
    elif chosen:
        print_lines(tables.discarded_table(chosen[:limit], columns()))
        _say_rest(chosen, limit)
    else:
        remark("no discarded dead letters")
    return ExitCode.DONE


def list_queue(settings: Settings, selection: Selection, limit: int | None, *, as_json: bool) -> int:
    """List what lies in the queue itself, with what is no story message when nothing is selected.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: the queue cannot be read
    """
    letters, bodies = asyncio.run(queued_letters(settings))
    chosen = choose_known([Known(letter) for letter in letters], selection, None)
    unreadable = bodies if selection.everything else []
    if as_json:
        depth = len(letters) + len(bodies)
        counts: view.Document = {"in_queue": depth, "in_ledger": None, "selected": len(chosen)}
        rows: view.Document = {
            "letters": [view.row(one) for one in chosen[:limit]],
            "unreadable": [view.unreadable_row(body) for body in unreadable],
        }
        print_json({"schema": 1, "source": "queue", **counts, **rows})
        return ExitCode.DONE
    if chosen or not unreadable:
        _print_letters(chosen, limit)
    print_lines(view.unreadable_lines(unreadable))
    return ExitCode.DONE


def list_groups(settings: Settings, selection: Selection, *, as_json: bool) -> int:
    """List dead letters by their cause; for errors see `list_ledger`."""
    chosen = choose_known(failed_letters(settings, batch=selection.batch), selection, None)
    replayed = choose_known(replayed_letters(settings, batch=selection.batch), selection, None)
    groups = group((one.letter for one in chosen), (one.letter for one in replayed))
    if not groups:
        _check_batch(settings, selection)
    if as_json:
        rows = [view.group_row(one, selection.batch) for one in groups]
        print_json({"schema": 1, "selected": len(chosen), "groups": [*rows]})
    elif groups:
        print_lines(tables.group_table(groups, columns()))
        print()
        print_lines(f"Replay it with: {group_command(one.fingerprint, selection.batch)}" for one in groups)
    else:
        remark("no dead letters")
    return ExitCode.DONE


def show(settings: Settings, story: str, batch: str | None, *, as_json: bool) -> int:
    """Show one dead letter in full.

    Raises:
        NoSuchBatchError, UsageError: there is no such batch or letter, or there are several
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
    """
    if batch is not None:
        check_batch(settings, batch)
    known = find_letter(settings, story, batch)
    if as_json:
        print_json(view.full(known))
    else:
        print_lines(view.letter_lines(known))
    return ExitCode.DONE


def export(settings: Settings, selection: Selection, limit: int | None, file: str, *, discarded: bool) -> int:
    """Write letters whole, one JSON document a line, the oldest first.

    Parameters:
        file: a path, or `-` for standard output

    Raises:
        OutputError: the file cannot be written
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
        NoSuchBatchError: the ledger knows no such batch
    """
    read = discarded_letters if discarded else failed_letters
    chosen = choose_known(read(settings, batch=selection.batch)[::-1], selection, limit)
    if not chosen:
        _check_batch(settings, selection)
    lines = [known.letter.model_dump_json(exclude_none=True) for known in chosen]
    if file == "-":
        print_lines(lines)
    else:
        write_atomically(Path(file), "".join(f"{line}\n" for line in lines))
    remark(f"exported {plural(len(chosen), 'dead letter')}" + ("" if file == "-" else f" to {file}"))
    return ExitCode.DONE


def _check_batch(settings: Settings, selection: Selection) -> None:
    """Say that a batch is unknown, rather than that it has no dead letters."""
    if selection.batch is not None:
        check_batch(settings, selection.batch)


def _compare_with_queue(settings: Settings, known: int) -> int | None:
    try:
        depth = asyncio.run(queue_depth(settings))
    except BROKER_TROUBLE as error:
        remark(f"warning: could not compare with the queue: {error}")
        return None
    if said := difference(depth, known):
        remark(said)
    return depth


def _print_letters(chosen: Sequence[Known], limit: int | None) -> None:
    if chosen:
        print_lines(tables.letter_table(chosen[:limit], columns()))
        _say_rest(chosen, limit)
    else:
        remark("no dead letters")


def _say_rest(chosen: Sequence[Known], limit: int | None) -> None:
    if limit is not None and limit < len(chosen):
        remark(f"these are {limit} of {plural(len(chosen), 'dead letter')}")
