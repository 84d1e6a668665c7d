"""Tables of dead letters and of groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from gt_common import messages
from gt_common.ledger.letter_line import LetterLine
from gt_common.lifecycle import StoryStatus
from gt_common.texts import one_line
from gt_consumer.deadletters.groups import LetterGroup
from gt_consumer.deadletters.ledger_view import KnownLetter, line_of

LETTERS = ("STORY", "BATCH", "STAGE", "ERROR", "MESSAGE", "ATTEMPTS", "WORKER", "DIED")
REPLAYED = ("STORY", "BATCH", "STAGE", "ERROR", "MESSAGE", "STATE", "SINCE")
DISCARDED = ("STORY", "BATCH", "STAGE", "ERROR", "MESSAGE", "DISCARDED BY", "RESTORABLE UNTIL")
GROUPS = ("GROUP", "COUNT", "STAGE", "ERROR", "MESSAGE", "FIRST SEEN", "LAST SEEN", "BATCHES")
MESSAGE_MOST = 60
MESSAGE_LEAST = 16
BATCHES_MOST = 2
GAP = 2

Row = tuple[str, ...]

_AT = {StoryStatus.QUEUED: "waiting"}


def format_time(when: datetime | None) -> str:
    """Format a time in the local time zone, to the second; empty for None."""
    return when.astimezone().isoformat(" ", "seconds")[: len("2026-03-01 12:00:00")] if when else ""


def format_replayed(known: KnownLetter) -> str:
    """Format the status of a replayed story without an outcome: `replayed g2, waiting`."""
    generation = known.event.generation if known.event else known.letter.generation + 1
    return f"replayed g{generation}, {_AT.get(known.status, known.status.value)}"


def letter_row(line: LetterLine) -> Row:
    """Return the cells of a dead letter."""
    attempts = str(line.attempts) + (f" g{line.generation}" if line.generation > 1 else "")
    return (*_cause(line), attempts, one_line(line.worker or ""), format_time(line.died_at))


def letter_table(rows: Sequence[Row], width: int) -> Iterator[str]:
    """Format rows of `letter_row` as a table; only messages are shortened, so that ids can be copied.

    Parameters:
        width: of the terminal, in columns; ids may make the table wider
    """
    return _lay_out([LETTERS, *rows], width)


def replayed_table(letters: Sequence[KnownLetter], width: int) -> Iterator[str]:
    """Format replayed letters without an outcome yet as a table; see `letter_table`."""
    rows = [
        (*_cause(line_of(known.letter)), format_replayed(known), format_time(known.when)) for known in letters
    ]
    return _lay_out([REPLAYED, *rows], width)


def discarded_row(known: KnownLetter) -> Row:
    """Return the cells of a discarded letter."""
    event = known.event
    by, until = (event.by, event.purge_at) if isinstance(event, messages.StoryCancelled) else ("", None)
    return (*_cause(line_of(known.letter)), one_line(by), format_time(until))


def discarded_table(rows: Sequence[Row], width: int) -> Iterator[str]:
    """Format rows of `discarded_row` as a table; see `letter_table`."""
    return _lay_out([DISCARDED, *rows], width)


def group_table(groups: Sequence[LetterGroup], width: int) -> Iterator[str]:
    """Format groups as a table, each with the message of its newest letter; see `letter_table`."""
    rows = []
    for one in groups:
        failure = one.failure
        count = str(len(one.stories)) + (f" +{one.waiting} replayed" if one.waiting else "")
        batches = ", ".join(one.batches[:BATCHES_MOST])
        if (more := len(one.batches) - BATCHES_MOST) > 0:
            batches += f" and {more} more"
        rows.append(
            (
                one_line(one.fingerprint),
                count,
                one_line(failure.stage or ""),
                one_line(failure.type),
                _short(failure.message),
                format_time(one.first_seen),
                format_time(one.last_seen),
                batches,
            )
        )
    return _lay_out([GROUPS, *rows], width)


def _cause(line: LetterLine) -> tuple[str, ...]:
    failure = line.failure
    stage, error = one_line(failure.stage or ""), one_line(failure.type)
    return line.story_id, line.batch_id, stage, error, _short(failure.message)


def _short(message: str) -> str:
    text = one_line(message)
    return text if len(text) <= MESSAGE_MOST else f"{text[: MESSAGE_MOST - 1]}…"


def _length(text: str) -> int:
    """Return how many columns a text takes on a terminal."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # most tables need no rich

    return cell_len(text)


def _lengths_of(texts: Sequence[str]) -> Callable[[str], int]:
    """Return what measures these texts: `len` if it may, which is much faster."""
    return len if "".join(texts).isascii() else _length


def _sized(text: str, size: int) -> str:
    """Return a text cut or filled up to some columns."""
    if text.isascii():
        return text[:size].ljust(size)
    from rich.cells import set_cell_size

    return set_cell_size(text, size)


def _lay_out(rows: Sequence[tuple[str, ...]], width: int) -> Iterator[str]:
    flexible = rows[0].index("MESSAGE")
    widths = [max(map(_lengths_of(column), column)) for column in zip(*rows, strict=True)]
    others = sum(widths) - widths[flexible] + GAP * (len(widths) - 1)
    widths[flexible] = min(widths[flexible], max(width - others, MESSAGE_LEAST))
    filled = (" " * GAP).join(f"%-{size}s" for size in widths)
    for row in rows:
        shortened = (*row[:flexible], _cut(row[flexible], widths[flexible]), *row[flexible + 1 :])
        if "".join(row).isascii():  # as most are: then no character is wider than another
            yield (filled % shortened).rstrip()
        else:
            yield (" " * GAP).join(map(_sized, shortened, widths)).rstrip()


def _cut(text: str, width: int) -> str:
    return text if _length(text) <= width else f"{_sized(text, width - 1)}…"
