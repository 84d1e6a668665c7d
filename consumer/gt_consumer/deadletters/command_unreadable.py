"""The commands behind `gt-dlq list|show|export|discard --unreadable`, for dead letters and for results."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gt_common.cli.operator import check_can_ask
from gt_common.errors import ExitCode, UsageError
from gt_common.files import write_atomically
from gt_common.settings import Settings
from gt_common.texts import plural
from gt_consumer.deadletters.display.documents import Document
from gt_consumer.deadletters.display.printing import print_json, print_lines, remark
from gt_consumer.deadletters.display.unreadable import full_message, message_lines, message_row
from gt_consumer.deadletters.selection import Selection
from gt_consumer.deadletters.unreadable import (
    UnreadableMessage,
    check_selection,
    queue_of,
    read_unreadable,
    remove_unreadable,
)

_KIND = "unreadable message"


def list_unreadable(
    settings: Settings, selection: Selection, limit: int | None, *, results: bool, as_json: bool
) -> int:
    """List unreadable messages, newest first.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: the queue cannot be read
    """
    found = _read(settings, selection, None, results=results)[::-1]
    if as_json:
        document: Document = {"schema": 1, "source": "queue", "queue": queue_of(settings, results=results)}
        rows = [message_row(message) for message in found[:limit]]
        print_json({**document, "selected": len(found), "unreadable": [*rows]})
    elif found:
        print_lines(message_lines(found[:limit]))
    else:
        remark(f"no {_KIND}s in {queue_of(settings, results=results)}")
    return ExitCode.DONE


def show_unreadable(settings: Settings, name: str, *, results: bool, as_json: bool) -> int:
    """Show one unreadable message with its body, as text or else base64; for errors see `list_unreadable`.

    Raises:
        UsageError: there is no such message
    """
    found = _read(settings, Selection(stories=frozenset({name})), 1, results=results)
    if not found:
        queue = queue_of(settings, results=results)
        raise UsageError(f"{queue} has no {_KIND} {name}; see `gt-dlq list --unreadable`")
    document = full_message(found[0])
    if as_json:
        print_json({"schema": 1, **document})
    else:
        print_lines(message_lines(found))
        print(document["text"] if "text" in document else f"base64: {document['base64']}")
    return ExitCode.DONE


def export_unreadable(
    settings: Settings, selection: Selection, limit: int | None, file: str, *, results: bool
) -> int:
    """Write unreadable messages, one JSON document per line, oldest first; for errors see `list_unreadable`.

    Parameters:
        file: a path, or `-` for standard output

    Raises:
        OutputError: the file cannot be written
    """
    found = _read(settings, selection, limit, results=results)
    lines = [json.dumps(full_message(message), ensure_ascii=False) for message in found]
    if file == "-":
        print_lines(lines)
    else:
        write_atomically(Path(file), "".join(f"{line}\n" for line in lines))
    remark(f"exported {plural(len(found), _KIND)}" + ("" if file == "-" else f" to {file}"))
    return ExitCode.DONE


@dataclass(frozen=True)
class Removal:
    """Which unreadable messages to remove for good.

    Parameters:
        results: whether unreadable results are meant, not dead letters
        yes: whether the operator has agreed already
        ask: puts a question to the operator; returns the answer
    """

    selection: Selection
    limit: int | None
    results: bool
    yes: bool
    ask: Callable[[str], bool]


def discard_unreadable(settings: Settings, removal: Removal, *, dry_run: bool, as_json: bool) -> int:
    """Remove unreadable messages, after a question; for errors see `list_unreadable`.

    Raises:
        UsageError: nobody can be asked, because standard input is not a terminal
    """
    found = _read(settings, removal.selection, removal.limit, results=removal.results)
    if dry_run or not found:
        if found and not as_json:
            print_lines(message_lines(found))
        count = plural(len(found), _KIND)
        remark(f"would remove {count}; nothing was changed" if found else "nothing removed: nothing selected")
    elif _agreed(removal, len(found)):
        found = _remove(settings, removal)
    else:
        found = []
        remark("nothing removed")
    if as_json:
        rows = [message_row(message) for message in found]
        count_removed = 0 if dry_run else len(found)
        print_json({"schema": 1, "dry_run": dry_run, "removed": count_removed, "messages": [*rows]})
    return ExitCode.DONE


def _agreed(removal: Removal, count: int) -> bool:
    if removal.yes:
        return True
    check_can_ask("discard", "add -y, or -n to preview")
    question = f"Remove {plural(count, _KIND)} for good? `gt-dlq export --unreadable` saves them first."
    return removal.ask(question)


def _read(
    settings: Settings, selection: Selection, limit: int | None, *, results: bool
) -> list[UnreadableMessage]:
    return asyncio.run(read_unreadable(settings, check_selection(selection), limit, results=results))


def _remove(settings: Settings, removal: Removal) -> list[UnreadableMessage]:
    """Remove messages; also tell what was removed when it is stopped half-way."""
    removed: list[UnreadableMessage] = []
    work = remove_unreadable(
        settings, removal.selection, removal.limit, removed.append, results=removal.results
    )
    try:
        asyncio.run(work)
    finally:
        remark(f"{plural(len(removed), _KIND)} removed")
    return removed
