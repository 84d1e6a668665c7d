"""The commands behind `gt-dlq list`, `groups`, `show` and `export`, which only read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from gt_common.cli.width import columns
from gt_common.errors import BrokerUnreachableError, CredentialsRefusedError, ExitCode, TopologyError
from gt_common.files import write_atomically
from gt_common.settings import Settings
from gt_common.texts import plural
from gt_consumer.deadletters.display import documents, tables
from gt_consumer.deadletters.display.printing import (
    print_json,
    print_lines,
    remark,
)
from gt_consumer.deadletters.groups import group_command, group_letters
from gt_consumer.deadletters.ledger_view import (
    KnownLetter,
    check_batch,
    discarded_letters,
    failed_letters,
    find_letter,
    replayed_letters,
    select_letters,
)
from gt_consumer.deadletters.queue_view import difference, queue_state, queued_letters
from gt_consumer.deadletters.selection import Selection

BROKER_TROUBLE = (BrokerUnreachableError, CredentialsRefusedError, TopologyError)


def list_ledger(settings: Settings, selection: Selection, limit: int | None, *, as_json: bool) -> int:
    """List the dead letters of the ledger; note when the queue holds a different number.
    Raises:
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
        NoSuchBatchError: the ledger does not know the selected batch
    """
    known = failed_letters(settings)
    depth = _compare_with_queue(settings, len(known))
    chosen = select_letters(known, selection, None)
    replayed = select_letters(replayed_letters(settings, batch=selection.batch), selection, None)
    if not chosen and not replayed:
        _check_batch(settings, selection)
    if as_json:
        counts: documents.Document = {"in_queue": depth, "in_ledger": len(known), "selected": len(chosen)}
        letters: documents.Document = {
            "letters": [documents.row(one) for one in chosen[:limit]],
            "replayed": [documents.row(one) for one in replayed[:limit]],
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
    """List discarded letters and until when each can be restored; for errors see `list_ledger`."""
    chosen = select_letters(discarded_letters(settings, batch=selection.batch), selection, None)
    if not chosen:
        _check_batch(settings, selection)
    if as_json:
        rows = [documents.row(one) for one in chosen[:limit]]
        print_json({"schema": 1, "source": "ledger", "selected": len(chosen), "discarded": [*rows]})
    elif chosen:
        print_lines(tables.discarded_table(chosen[:limit], columns()))
        _note_limit(chosen, limit)
    else:
        remark("no discarded dead letters")
    return ExitCode.DONE


def list_queue(settings: Settings, selection: Selection, limit: int | None, *, as_json: bool) -> int:
    """List the contents of the queue; without a selector, also the messages that are not stories.
    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: the queue cannot be read
    """
    letters, bodies = asyncio.run(queued_letters(settings))
    chosen = select_letters([KnownLetter(letter) for letter in letters], selection, None)
    unreadable = bodies if selection.everything else []
    if as_json:
        depth = len(letters) + len(bodies)
        counts: documents.Document = {"in_queue": depth, "in_ledger": None, "selected": len(chosen)}
        rows: documents.Document = {
            "letters": [documents.row(one) for one in chosen[:limit]],
            "unreadable": [documents.unreadable_row(body) for body in unreadable],
        }
        print_json({"schema": 1, "source": "queue", **counts, **rows})
        return ExitCode.DONE
    if chosen or not unreadable:
        _print_letters(chosen, limit)
    print_lines(documents.unreadable_lines(unreadable))
    return ExitCode.DONE


def list_groups(settings: Settings, selection: Selection, *, as_json: bool) -> int:
    """List groups of dead letters with the same cause; for errors see `list_ledger`."""
    chosen = select_letters(failed_letters(settings, batch=selection.batch), selection, None)
    replayed = select_letters(replayed_letters(settings, batch=selection.batch), selection, None)
    groups = group_letters((one.letter for one in chosen), (one.letter for one in replayed))
    if not groups:
        _check_batch(settings, selection)
    if as_json:
        rows = [documents.group_row(one, selection.batch) for one in groups]
        print_json({"schema": 1, "selected": len(chosen), "groups": [*rows]})
    elif groups:
        print_lines(tables.group_table(groups, columns()))
        print()
        print_lines(f"Replay with: {group_command(one.fingerprint, selection.batch)}" for one in groups)
    else:
        remark("no dead letters")
    return ExitCode.DONE


def show(settings: Settings, story: str, batch: str | None, *, as_json: bool) -> int:
    """Show one dead letter in full.

    Raises:
        NoSuchBatchError, UsageError: there is no such batch or letter, or several batches have the story
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
    """
    if batch is not None:
        check_batch(settings, batch)
    known = find_letter(settings, story, batch)
    if as_json:
        print_json(documents.full(known))
    else:
        print_lines(documents.letter_lines(known))
    return ExitCode.DONE


def export(settings: Settings, selection: Selection, limit: int | None, file: str, *, discarded: bool) -> int:
    """Write complete letters, one JSON document per line, oldest first.
    Parameters:
        file: a path, or `-` for standard output

    Raises:
        OutputError: the file cannot be written
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
        NoSuchBatchError: the ledger does not know the selected batch
    """
    read = discarded_letters if discarded else failed_letters
    chosen = select_letters(read(settings, batch=selection.batch)[::-1], selection, limit)
    if not chosen:
        _check_batch(settings, selection)
    lines = [known.letter.model_dump_json(exclude_none=True) for known in chosen]
    if file == "-":
        print_lines(lines)
    else:
        write_atomically(Path(file), "".join(f"{line}\n" for line in lines), private=True)
    remark(f"exported {plural(len(chosen), 'dead letter')}" + ("" if file == "-" else f" to {file}"))
    return ExitCode.DONE


def _check_batch(settings: Settings, selection: Selection) -> None:
    """Raise NoSuchBatchError if the selected batch is unknown, rather than without dead letters."""
    if selection.batch is not None:
        check_batch(settings, selection.batch)


def _compare_with_queue(settings: Settings, known: int) -> int | None:
    try:
        queue = asyncio.run(queue_state(settings))
    except BROKER_TROUBLE as error:
        remark(f"warning: the queue could not be checked: {error}")
        return None
    if note := difference(queue, known):
        remark(note)
    return queue.depth


def _print_letters(chosen: Sequence[KnownLetter], limit: int | None) -> None:
    if chosen:
        print_lines(tables.letter_table(chosen[:limit], columns()))
        _note_limit(chosen, limit)
    else:
        remark("no dead letters")


def _note_limit(chosen: Sequence[KnownLetter], limit: int | None) -> None:
    if limit is not None and limit < len(chosen):
        remark(f"showing {limit} of {plural(len(chosen), 'dead letter')}")
