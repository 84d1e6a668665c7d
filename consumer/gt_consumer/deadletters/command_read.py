"""The commands behind `gt-dlq list`, `groups`, `show` and `export`, which only read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from gt_common.cli.width import columns
from gt_common.errors import BrokerUnreachableError, CredentialsRefusedError, ExitCode, TopologyError
from gt_common.files import write_atomically
from gt_common.lifecycle import StoryStatus
from gt_common.settings import Settings
from gt_common.texts import plural
from gt_consumer.deadletters.display import documents, tables
from gt_consumer.deadletters.display.printing import Rows, print_json, print_lines, remark
from gt_consumer.deadletters.display.reading import Reading
from gt_consumer.deadletters.groups import Grouping, group_command
from gt_consumer.deadletters.ledger_view import (
    KnownLetter,
    LetterPages,
    check_batch,
    count_letters,
    find_letter,
    line_of,
    open_letters,
    replayed_letters,
    select_letters,
)
from gt_consumer.deadletters.queue_view import difference, queue_state, queued_letters
from gt_consumer.deadletters.selection import Selection, last_failure

BROKER_TROUBLE = (BrokerUnreachableError, CredentialsRefusedError, TopologyError)


def list_ledger(settings: Settings, selection: Selection, limit: int | None, *, as_json: bool) -> int:
    """List the dead letters of the ledger; note when the queue holds a different number.
    Raises:
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
        NoSuchBatchError: the ledger does not know the selected batch
    """
    with Rows() as rows:
        with open_letters(settings, selection, on_read=Reading()) as pages:
            lines, count = _lines(pages, limit, rows if as_json else None)
            # In a large ledger this reads every letter, so once is enough.
            known = count if selection.everything else count_letters(settings)
            depth = _compare_with_queue(settings, known)
        replayed = select_letters(replayed_letters(settings, batch=selection.batch), selection, None)
        if not count and not replayed:
            _check_batch(settings, selection)
        if as_json:
            counts: documents.Document = {"in_queue": depth, "in_ledger": known, "selected": count}
            again = [documents.row(one) for one in replayed[:limit]]
            rows.print_within(
                {"schema": 1, "source": "ledger", **counts},
                "letters",
                {"replayed": [*again], "unreadable": []},
            )
            return ExitCode.DONE
    _print_letters(lines, count)
    if replayed:
        print_lines(["", "Replayed, no outcome yet:"] if lines else ["Replayed, no outcome yet:"])
        print_lines(tables.replayed_table(replayed[:limit], columns()))
    return ExitCode.DONE


def _lines(pages: LetterPages, limit: int | None, rows: Rows | None) -> tuple[list[tables.Row], int]:
    """As `_first`, of dead letters."""
    if rows is None:
        return pages.first_lines(limit, tables.letter_row)
    _, count = pages.first_lines(limit, lambda line: rows.add(documents.failed_row(line)))
    return [], count


def list_discarded(settings: Settings, selection: Selection, limit: int | None, *, as_json: bool) -> int:
    """List discarded letters and until when each can be restored; for errors see `list_ledger`."""
    with Rows() as rows:
        with open_letters(settings, selection, StoryStatus.CANCELLED, Reading()) as pages:
            lines, count = _first(pages, limit, tables.discarded_row, rows if as_json else None)
        if not count:
            _check_batch(settings, selection)
        if as_json:
            rows.print_within({"schema": 1, "source": "ledger", "selected": count}, "discarded", {})
            return ExitCode.DONE
    if lines:
        print_lines(tables.discarded_table(lines, columns()))
        _note_limit(len(lines), count)
    else:
        remark("no discarded dead letters")
    return ExitCode.DONE


def _first(
    pages: LetterPages, limit: int | None, row: Callable[[KnownLetter], tables.Row], rows: Rows | None
) -> tuple[list[tables.Row], int]:
    """Return the rows of a table and the number of letters; or add the rows of a JSON document instead."""
    if rows is None:
        return pages.first(limit, row)
    _, count = pages.first(limit, lambda known: rows.add(documents.row(known)))
    return [], count


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
        _print_letters([tables.letter_row(line_of(one.letter)) for one in chosen[:limit]], len(chosen))
    print_lines(documents.unreadable_lines(unreadable))
    return ExitCode.DONE


def list_groups(settings: Settings, selection: Selection, *, as_json: bool) -> int:
    """List groups of dead letters with the same cause; for errors see `list_ledger`."""
    grouping = Grouping()
    with open_letters(settings, selection, on_read=Reading()) as pages:
        _, count = pages.first_lines(None, grouping.add)
    replayed = select_letters(replayed_letters(settings, batch=selection.batch), selection, None)
    groups = grouping.groups(last_failure(one.letter).fingerprint for one in replayed)
    if not groups:
        _check_batch(settings, selection)
    if as_json:
        rows = [documents.group_row(one, selection.batch) for one in groups]
        print_json({"schema": 1, "selected": count, "groups": [*rows]})
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
    count = 0

    def lines() -> Iterator[str]:
        nonlocal count
        for known in islice(pages.oldest(), limit):
            count += 1
            yield known.letter.model_dump_json(exclude_none=True)

    status = StoryStatus.CANCELLED if discarded else StoryStatus.FAILED
    with open_letters(settings, selection, status, Reading()) as pages:
        if file == "-":
            print_lines(lines())
        else:
            write_atomically(Path(file), "".join(f"{line}\n" for line in lines()), private=True)
    if not count:
        _check_batch(settings, selection)
    remark(f"exported {plural(count, 'dead letter')}" + ("" if file == "-" else f" to {file}"))
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


def _print_letters(rows: Sequence[tables.Row], count: int) -> None:
    if rows:
        print_lines(tables.letter_table(rows, columns()))
        _note_limit(len(rows), count)
    else:
        remark("no dead letters")


def _note_limit(shown: int, count: int) -> None:
    if shown < count:
        remark(f"showing {shown} of {plural(count, 'dead letter')}")
