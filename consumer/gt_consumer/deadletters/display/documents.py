"""JSON documents of dead letters and groups, and one letter in full as text."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pydantic import JsonValue

from gt_common import messages
from gt_common.ledger.letter_line import LetterLine
from gt_common.lifecycle import StoryStatus
from gt_common.texts import by_whom, one_line, plural
from gt_consumer.deadletters.display.tables import format_replayed, format_time
from gt_consumer.deadletters.groups import LetterGroup, group_command
from gt_consumer.deadletters.ledger_view import KnownLetter, line_of
from gt_consumer.deadletters.orders import Options, change_lines, changed_options
from gt_consumer.deadletters.queue_view import Unreadable
from gt_consumer.deadletters.selection import last_failure

if TYPE_CHECKING:
    from gt_common.messages import AttemptError, Replay

Document = dict[str, JsonValue]

INDENT = "    "


def next_command(known: KnownLetter) -> str | None:
    """Return the command that replays or restores a letter; None while its replay has no outcome."""
    verb = {StoryStatus.FAILED: "replay", StoryStatus.CANCELLED: "restore"}.get(known.status)
    batch, story = shlex.quote(known.letter.batch_id), shlex.quote(known.letter.story_id)
    return f"gt-dlq {verb} --batch {batch} --story {story}" if verb else None


def row(known: KnownLetter) -> Document:
    """Return one dead letter as in the JSON of `gt-dlq list`."""
    event, line = known.event, line_of(known.letter)
    document = _line_document(line, known.status, event.generation if event else line.generation)
    if isinstance(event, messages.StoryCancelled):
        times = {"discarded_at": event.at.isoformat(), "purge_at": event.purge_at.isoformat()}
        document |= {"discarded_by": event.by, "discarded_because": event.reason, **times}
    elif not known.status.final:
        document |= {"since": known.when.isoformat()}
    return document


def failed_row(line: LetterLine) -> Document:
    """Return one dead letter as `row` does, from what a list shows of it."""
    return _line_document(line, StoryStatus.FAILED, line.generation)


def _line_document(line: LetterLine, status: StoryStatus, generation: int) -> Document:
    failure = line.failure
    return {
        "story_id": line.story_id,
        "batch_id": line.batch_id,
        "position": line.position,
        "url": line.url,
        "status": status.value,
        "generation": generation,
        "stage": failure.stage,
        "error_type": failure.type,
        "message": failure.message,
        "fingerprint": failure.fingerprint,
        "retryable": failure.retryable,
        "attempts": line.attempts,
        "worker": line.worker,
        "died_at": line.died_at.isoformat() if line.died_at else None,
        "replays": line.replays,
    }


def plan_row(known: KnownLetter, overlay: Options) -> Document:
    """Return one letter as in the JSON of a dry run, with the options that a replay would change."""
    changes = changed_options(known.letter.options, overlay)
    options: Document = {name: {"from": old, "to": new} for name, (old, new) in changes.items()}
    return {**row(known), **({"options": options} if overlay else {})}


def full(known: KnownLetter) -> Document:
    """Return one dead letter as in the JSON of `gt-dlq show`: row, whole letter, and the next command."""
    command, is_discarded = next_command(known), known.status is StoryStatus.CANCELLED
    return {
        "schema": 1,
        **row(known),
        "letter": known.letter.model_dump(mode="json", exclude_none=True),
        "replay_command": None if is_discarded else command,
        "restore_command": command if is_discarded else None,
    }


def group_row(group: LetterGroup, batch: str | None) -> Document:
    """Return one group as in the JSON of `gt-dlq groups`.

    Parameters:
        batch: the selected batch
    """
    failure = group.failure
    return {
        "fingerprint": group.fingerprint,
        "count": len(group.stories),
        "replayed_waiting": group.waiting,
        "stage": failure.stage,
        "error_type": failure.type,
        "sample": failure.message,
        "retryable": failure.retryable,
        "first_seen": group.first_seen.isoformat(),
        "last_seen": group.last_seen.isoformat(),
        "batches": [*group.batches],
        "stories": [*group.stories],
        "replay_command": group_command(group.fingerprint, batch),
    }


def unreadable_row(body: Unreadable) -> Document:
    """Return a message that is not a story as JSON."""
    return {"reason": body.reason, "excerpt": body.excerpt, "size": body.size}


def unreadable_lines(bodies: Sequence[Unreadable]) -> Iterator[str]:
    """Format the messages in the queue that are not stories."""
    for body in bodies:
        yield f"not a story, {body.size} bytes: {one_line(body.reason)}"
        yield f"{INDENT}{one_line(body.excerpt)}"


def plan_lines(letters: Sequence[KnownLetter], overlay: Options) -> Iterator[str]:
    """Format what a replay would change in each letter's options."""
    for known in letters:
        changes = [*change_lines(known.letter.options, overlay)] or ["the options have these values already"]
        yield from (f"{known.letter.story_id}  {one_line(change)}" for change in changes)


def letter_lines(known: KnownLetter) -> Iterator[str]:
    """Format everything about one dead letter."""
    letter = known.letter
    yield f"Story       {letter.story_id}"
    yield f"Batch       {letter.batch_id}, position {letter.position}"
    yield f"URL         {one_line(letter.url)}"
    for name, value in letter.options.items():
        yield f"Option      {one_line(name)} = {one_line(str(value))}"
    yield f"Published   {format_time(letter.published_at)}"
    yield f"Died        {format_time(letter.died_at)}"
    yield f"Generation  {letter.generation}"
    yield f"Attempts    {letter.attempts_used} in this generation; {plural(len(letter.errors), 'error')} kept"
    yield f"Group       {one_line(last_failure(letter).fingerprint)}"
    yield from _state_lines(known)
    for error in letter.errors:
        yield ""
        yield from _attempt_lines(error)
    if letter.replays:
        yield ""
        yield "Replays"
    for past in letter.replays:
        yield from _replay_lines(past)
    if command := next_command(known):
        yield ""
        verb = "Restore" if known.status is StoryStatus.CANCELLED else "Replay"
        yield f"{verb} with: {command}"


def _state_lines(known: KnownLetter) -> Iterator[str]:
    if past := known.letter.restored:
        yield f"Restored    {format_time(past.at)} by {by_whom(past.by, past.reason)}"
    event = known.event
    if isinstance(event, messages.StoryCancelled):
        yield f"Discarded   {format_time(event.at)} by {by_whom(event.by, event.reason)}"
        yield f"{'':<12}can be restored until {format_time(event.purge_at)}"
    elif not known.status.final:
        yield f"Now         {format_replayed(known)} since {format_time(known.when)}"


def _replay_lines(past: Replay) -> Iterator[str]:
    yield f"{INDENT}{format_time(past.at)} by {by_whom(past.by, past.reason)}"
    for change in change_lines(past.options_before, past.options):
        yield f"{INDENT * 2}{one_line(change)}"


def _attempt_lines(error: AttemptError) -> Iterator[str]:
    failure = error.failure
    head = f"Attempt {error.attempt}"
    if error.generation > 1:
        head += f" of generation {error.generation}"
    yield f"{head}: {one_line(failure.type)}: {one_line(failure.message)}"
    facts = {
        "stage": one_line(failure.stage or ""),
        "worker": one_line(error.worker or ""),
        "project": one_line(error.project_id or ""),
        "started": format_time(error.started_at),
        "ended": format_time(error.ended_at),
        "retryable": "yes" if failure.retryable else "no",
        "fingerprint": one_line(failure.fingerprint),
    }
    yield from (f"{INDENT}{name:<12}{value}" for name, value in facts.items() if value)
    causes = "\n".join(failure.causes)
    for title, text in (("causes", causes), ("traceback", failure.traceback), ("log", failure.log)):
        if not text:
            continue
        yield f"{INDENT}{title}"
        for line in text.rstrip().splitlines():
            indent = len(line) - len(line.lstrip())
            yield f"{INDENT * 2}{' ' * indent}{one_line(line)}"
