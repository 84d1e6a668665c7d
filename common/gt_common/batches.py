"""A batch before it is published: its id, name and tags, and the positions and messages of its stories."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from gt_common.errors import UsageError
from gt_common.messages import (
    MAX_ORDINAL,
    BatchStories,
    Identifier,
    StoryEntry,
    StoryMessage,
    decode_story,
    encode,
)
from gt_common.stories import ListReading, Story, story_id

ROOM_FOR_ERRORS = 114 * 1024
"""Most bytes that the errors of five attempts can take in a story message."""
MAX_STORY_BODY = 128 * 1024
"""Most bytes of a new story message: the rest is for its errors and replays."""
CHUNK_ENTRIES = 500
CHUNK_BYTES = 200 * 1024
MAX_TAGS = 50

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # without characters that look alike
_IDENTIFIER: TypeAdapter[str] = TypeAdapter(Identifier)
_LONGEST_ID = "x" * 64


@dataclass(frozen=True)
class PlacedStory:
    """A story with its id and position in the batch."""

    story_id: str
    position: int
    story: Story


def new_batch_id(now: datetime) -> str:
    """Return a readable, unique batch id, such as `20261122-203015-k3f9`."""
    return f"{now:%Y%m%d-%H%M%S}-{''.join(secrets.choice(_ALPHABET) for _ in range(4))}"


def check_batch_id(text: str) -> str:
    """Check a batch id from the user.

    Raises:
        UsageError: it is too long or has characters that are unsafe in file names or routing keys
    """
    try:
        return _IDENTIFIER.validate_python(text)
    except ValidationError:
        raise UsageError(
            f"invalid batch id {text!r}: use up to 64 letters, digits, dots, underscores and hyphens, "
            "starting with a letter or digit"
        ) from None


def batch_lock(state_dir: Path, batch_id: str) -> Path:
    """Return the file that a process locks as long as it runs the whole batch itself, without a broker."""
    return state_dir / "batches" / f"{batch_id}.json"


def check_name(text: str | None) -> str | None:
    """Check a batch's name.

    Raises:
        UsageError: empty or longer than 200 characters
    """
    if text is not None and not (1 <= len(text) <= 200 and _sound(text)):
        raise UsageError("--name must have 1 to 200 characters and no control characters")
    return text


def parse_tags(texts: Iterable[str]) -> dict[str, str]:
    """Parse `K=V` texts.

    Raises:
        UsageError: one is malformed, a key has two different values, or there are too many
    """
    tags: dict[str, str] = {}
    for text in texts:
        key, separator, value = text.partition("=")
        key = key.strip()
        if not separator or not re.fullmatch(r"[\w.:/-]{1,100}", key):
            raise UsageError(f"invalid tag {text!r}: write --tag key=value")
        if len(value) > 200 or not _sound(value):
            raise UsageError(
                f"the value of tag {key} must have at most 200 characters and no control characters"
            )
        if tags.setdefault(key, value) != value:
            raise UsageError(f"the tag {key} has two different values")
    if len(tags) > MAX_TAGS:
        raise UsageError(f"a batch can have at most {MAX_TAGS} tags")
    return tags


def place_stories(batch_id: str, stories: Sequence[Story], known: Mapping[str, int]) -> list[PlacedStory]:
    """Assign each story its position: the one it has already, otherwise the next free one.

    Parameters:
        known: positions of the stories that were announced before, by story id

    Raises:
        UsageError: the batch would have more stories than a message can number
    """
    free = max(known.values(), default=0) + 1
    placed = []
    for story in stories:
        identity = story_id(batch_id, story.canonical)
        position = known.get(identity)
        if position is None:
            position, free = free, free + 1
        placed.append(PlacedStory(identity, position, story))
    if free - 1 > MAX_ORDINAL:
        raise UsageError(
            f"batch {batch_id} can have at most {MAX_ORDINAL:,} stories, and with this list it would have "
            f"{free - 1:,}; put the others into another batch"
        )
    return placed


def story_message(batch_id: str, placed: PlacedStory) -> StoryMessage:
    """Return the message for one story of a batch."""
    # Validated, so that pydantic checks that the options are JSON.
    return StoryMessage.model_validate(
        {
            "batch_id": batch_id,
            "story_id": placed.story_id,
            "position": placed.position,
            "url": placed.story.url,
            "canonical_url": placed.story.canonical,
            "options": placed.story.options,
            "title": placed.story.title,
        }
    )


def list_events(
    batch_id: str, placed: Iterable[PlacedStory], *, with_options: bool = False
) -> Iterator[BatchStories]:
    """Return the events that announce a batch's list, each small enough for a message.

    Parameters:
        with_options: include the stories' options, for a batch whose messages are in no queue
    """
    for chunk in entries_in_chunks(placed, with_options=with_options):
        yield BatchStories(batch_id=batch_id, event_id=_chunk_id(batch_id, chunk), stories=chunk)


def entries_in_chunks(
    placed: Iterable[PlacedStory], *, with_options: bool = False
) -> Iterator[tuple[StoryEntry, ...]]:
    """Split the list into parts that each fit into a message."""
    chunk: list[StoryEntry] = []
    size = 0
    for one in placed:
        entry = _entry(one, with_options=with_options)
        length = len(entry.model_dump_json().encode()) + 1
        if chunk and (len(chunk) >= CHUNK_ENTRIES or size + length > CHUNK_BYTES):
            yield tuple(chunk)
            chunk, size = [], 0
        chunk.append(entry)
        size += length
    if chunk:
        yield tuple(chunk)


def _entry(placed: PlacedStory, *, with_options: bool) -> StoryEntry:
    fields = {"story_id": placed.story_id, "position": placed.position, "url": placed.story.url}
    fields["title"] = placed.story.title
    options = {"options": placed.story.options} if with_options and placed.story.options else {}
    return StoryEntry.model_validate(fields | options)


def _chunk_id(batch_id: str, chunk: Sequence[StoryEntry]) -> str:
    """Return an event id derived from a part of the list, so that the ledger stores that part once."""
    named = "\n".join(_named(entry) for entry in chunk)
    return hashlib.sha256(f"{batch_id}\n{named}".encode()).hexdigest()[:32]


def _named(entry: StoryEntry) -> str:
    line = f"{entry.story_id} {entry.position} {entry.url}"
    return line if entry.title is None else f"{line} {entry.title}"


def check_messages(reading: ListReading) -> ListReading:
    """Move stories that cannot become a message (too large, not JSON) to the problems."""
    good: list[Story] = []
    problems = list(reading.problems)
    for story in reading.stories:
        problem = _message_problem(story)
        if problem:
            problems.append(f"{story.place}: {problem}")
        else:
            good.append(story)
    return replace(reading, stories=tuple(good), problems=tuple(problems))


def _message_problem(story: Story) -> str:
    try:
        message = story_message(_LONGEST_ID, PlacedStory(_LONGEST_ID, 1_000_000, story))
        body = encode(message)
        if len(body) > MAX_STORY_BODY:
            return (
                f"too large: its message would have {len(body) // 1024} KiB, "
                f"at most {MAX_STORY_BODY // 1024} KiB are allowed; put large options into a file"
            )
        if decode_story(body).options != story.options:
            return '"options" has values that are not JSON, such as NaN'
    except ValidationError as error:
        place = error.errors(include_url=False, include_input=False)[0]["loc"][0]
        return f'"{place}" cannot be sent: nested too deeply, too long or not JSON'
    except (ValueError, RecursionError):
        return "has characters or values that cannot be sent as JSON in UTF-8"
    return ""


def _sound(text: str) -> bool:
    return text.isprintable()
