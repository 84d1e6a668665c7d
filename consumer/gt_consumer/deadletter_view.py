"""How dead letters are shown: rows, a table, one letter in full, and what a replay did."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from pydantic import JsonValue

from gt_common.messages import AttemptError, StoryMessage
from gt_common.report.view import clean
from gt_consumer.deadletter_replay import Step
from gt_consumer.deadletters import Unreadable, last_error, last_failure

Document = dict[str, JsonValue]

COLUMNS = ("STORY", "BATCH", "STAGE", "ERROR", "MESSAGE", "ATTEMPTS", "WORKER", "DIED")
MESSAGE = COLUMNS.index("MESSAGE")
MESSAGE_MOST = 60
MESSAGE_LEAST = 16
GAP = 2
INDENT = "    "


def said_time(when: datetime | None) -> str:
    """Say a time in the reader's time zone, to the second."""
    return f"{when.astimezone():%Y-%m-%d %H:%M:%S}" if when else ""


def replay_command(letter: StoryMessage) -> str:
    """Give the command that replays one dead letter."""
    return f"gt-dlq replay --batch {shlex.quote(letter.batch_id)} --story {shlex.quote(letter.story_id)}"


def row(letter: StoryMessage) -> Document:
    """Give one dead letter as the JSON of `gt-dlq list`."""
    failure, last = last_failure(letter), last_error(letter)
    return {
        "story_id": letter.story_id,
        "batch_id": letter.batch_id,
        "position": letter.position,
        "url": letter.url,
        "generation": letter.generation,
        "stage": failure.stage,
        "error_type": failure.type,
        "message": failure.message,
        "fingerprint": failure.fingerprint,
        "retryable": failure.retryable,
        "attempts": letter.attempt,
        "worker": last.worker if last else None,
        "died_at": letter.died_at.isoformat() if letter.died_at else None,
        "replays": len(letter.replays),
    }


def full(letter: StoryMessage) -> Document:
    """Give one dead letter as the JSON of `gt-dlq show`: the row, the letter itself, and how to replay it."""
    return {
        "schema": 1,
        **row(letter),
        "letter": letter.model_dump(mode="json", exclude_none=True),
        "replay_command": replay_command(letter),
    }


def unreadable_row(body: Unreadable) -> Document:
    """Give a body that is no story as JSON."""
    return {"reason": body.reason, "excerpt": body.excerpt, "size": body.size}


def step_row(step: Step) -> Document:
    """Give what was done with one letter as JSON."""
    return {
        "action": step.action,
        "batch_id": step.batch_id,
        "story_id": step.story_id,
        "generation": step.generation,
        "detail": step.detail,
    }


def table_lines(letters: Sequence[StoryMessage], width: int) -> Iterator[str]:
    """Lay dead letters out as a table; only messages are cut, so that ids can be copied whole.

    Parameters:
        width: columns of the screen; a table that is wider even with short messages stays so
    """
    from rich.cells import cell_len, set_cell_size  # JSON needs no rich

    rows = [COLUMNS, *map(_cells, letters)]
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    others = sum(widths) - widths[MESSAGE] + GAP * (len(COLUMNS) - 1)
    widths[MESSAGE] = min(widths[MESSAGE], max(width - others, MESSAGE_LEAST))
    for row_cells in rows:
        cells = list(row_cells)
        if cell_len(cells[MESSAGE]) > widths[MESSAGE]:
            cells[MESSAGE] = f"{set_cell_size(cells[MESSAGE], widths[MESSAGE] - 1)}…"
        sized = (set_cell_size(cell, size) for cell, size in zip(cells, widths, strict=True))
        yield (" " * GAP).join(sized).rstrip()


def unreadable_lines(bodies: Sequence[Unreadable]) -> Iterator[str]:
    """Say what lies in the queue and is no story message."""
    for body in bodies:
        yield f"no story message, {body.size} bytes: {clean(body.reason)}"
        yield f"{INDENT}{clean(body.excerpt)}"


def letter_lines(letter: StoryMessage) -> Iterator[str]:
    """Say everything about one dead letter."""
    yield f"Story       {letter.story_id}"
    yield f"Batch       {letter.batch_id}, position {letter.position}"
    yield f"URL         {clean(letter.url)}"
    for name, value in letter.options.items():
        yield f"Option      {clean(name)} = {clean(str(value))}"
    yield f"Published   {said_time(letter.published_at)}"
    yield f"Died        {said_time(letter.died_at)}"
    yield f"Generation  {letter.generation}"
    yield f"Attempts    {letter.attempt} in this generation, {len(letter.errors)} remembered"
    for error in letter.errors:
        yield ""
        yield from _attempt_lines(error)
    if letter.replays:
        yield ""
        yield "Replays"
    for past in letter.replays:
        reason = f": {clean(past.reason)}" if past.reason else ""
        yield f"{INDENT}{said_time(past.at)} by {clean(past.by)}{reason}"
    yield ""
    yield f"Replay it with: {replay_command(letter)}"


def step_line(step: Step) -> str:
    """Say what was done with one letter."""
    name = f"{step.story_id} of batch {step.batch_id}" if step.story_id else "a message"
    if step.action == "replayed":
        return f"replayed {name} as generation {step.generation}"
    action = "skipped" if step.action == "skipped" else "removed, not replayed,"
    return f"{action} {name}: {clean(step.detail or '')}"


def summary(steps: Sequence[Step]) -> str:
    """Say in one line what a replay did."""
    counts: Counter[str] = Counter(step.action for step in steps)
    words = {"replayed": "replayed", "removed": "stale and removed", "skipped": "skipped"}
    return ", ".join(f"{counts[action]} {word}" for action, word in words.items() if counts[action])


def _cells(letter: StoryMessage) -> tuple[str, ...]:
    failure, last = last_failure(letter), last_error(letter)
    attempts = str(letter.attempt) + (f" g{letter.generation}" if letter.generation > 1 else "")
    message = clean(failure.message)
    if len(message) > MESSAGE_MOST:
        message = f"{message[: MESSAGE_MOST - 1]}…"
    return (
        letter.story_id,
        letter.batch_id,
        clean(failure.stage or ""),
        clean(failure.type),
        message,
        attempts,
        clean(last.worker or "") if last else "",
        said_time(letter.died_at),
    )


def _attempt_lines(error: AttemptError) -> Iterator[str]:
    failure = error.failure
    head = f"Attempt {error.attempt}"
    if error.generation > 1:
        head += f" of generation {error.generation}"
    yield f"{head}: {clean(failure.type)}: {clean(failure.message)}"
    facts = {
        "stage": clean(failure.stage or ""),
        "worker": clean(error.worker or ""),
        "project": clean(error.project_id or ""),
        "started": said_time(error.started_at),
        "ended": said_time(error.ended_at),
        "retryable": "yes" if failure.retryable else "no",
        "fingerprint": failure.fingerprint,
    }
    yield from (f"{INDENT}{name:<12}{value}" for name, value in facts.items() if value)
    if failure.traceback:
        yield f"{INDENT}traceback"
        for line in failure.traceback.rstrip().splitlines():
            indent = len(line) - len(line.lstrip())
            yield f"{INDENT * 2}{' ' * indent}{clean(line)}"
