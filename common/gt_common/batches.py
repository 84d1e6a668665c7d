"""A batch before its stories go out: its id, name and tags, its stories' places and their messages."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from gt_common.errors import UsageError
from gt_common.messages import BatchStories, Identifier, StoryEntry, StoryMessage, decode_story, encode
from gt_common.stories import ListReading, Story, story_id

ROOM_FOR_ERRORS = 112 * 1024
"""Bytes that the errors of a story's attempts may come to have in its message: five, each bounded."""
MAX_STORY_BODY = 128 * 1024
"""Bytes of a fresh story message: what is left beside its errors, and some more for its replays."""
CHUNK_ENTRIES = 500
CHUNK_BYTES = 200 * 1024
MAX_TAGS = 50

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like something else
_IDENTIFIER: TypeAdapter[str] = TypeAdapter(Identifier)
_LONGEST_ID = "x" * 64


@dataclass(frozen=True)
class PlacedStory:
    """A story with its id and place in the batch."""

    story_id: str
    position: int
    story: Story


def new_batch_id(now: datetime) -> str:
    """Make a readable id that no other batch has, such as `20261122-203015-k3f9`."""
    return f"{now:%Y%m%d-%H%M%S}-{''.join(secrets.choice(_ALPHABET) for _ in range(4))}"


def check_batch_id(text: str) -> str:
    """Check a batch id that was given.

    Raises:
        UsageError: it has characters that are not safe in file names and routing keys, or is too long
    """
    try:
        return _IDENTIFIER.validate_python(text)
    except ValidationError:
        raise UsageError(
            f"not a batch id: {text!r}; up to 64 letters, digits, dots, underscores and hyphens, "
            "the first a letter or digit"
        ) from None


def check_name(text: str | None) -> str | None:
    """Check a batch's name.

    Raises:
        UsageError: empty or longer than 200 characters
    """
    if text is not None and not (1 <= len(text) <= 200 and _sound(text)):
        raise UsageError("--name must have 1 to 200 characters, none of them a control character")
    return text


def parse_tags(texts: Iterable[str]) -> dict[str, str]:
    """Read `K=V` texts.

    Raises:
        UsageError: one is not of that form, a key comes twice with different values, or they are too many
    """
    tags: dict[str, str] = {}
    for text in texts:
        key, separator, value = text.partition("=")
        key = key.strip()
        if not separator or not re.fullmatch(r"[\w.:/-]{1,100}", key):
            raise UsageError(f"not a tag: {text!r}; write --tag key=value")
        if len(value) > 200 or not _sound(value):
            raise UsageError(
                f"the value of tag {key} must have at most 200 characters, no control characters"
            )
        if tags.setdefault(key, value) != value:
            raise UsageError(f"the tag {key} is given twice")
    if len(tags) > MAX_TAGS:
        raise UsageError(f"a batch may have {MAX_TAGS} tags at most")
    return tags


def place_stories(batch_id: str, stories: Sequence[Story], known: Mapping[str, int]) -> list[PlacedStory]:
    """Give each story its place: the one it has already, else the next that is free.

    Parameters:
        known: places of the batch's stories that were announced before, by story id
    """
    free = max(known.values(), default=0) + 1
    placed = []
    for story in stories:
        identity = story_id(batch_id, story.canonical)
        position = known.get(identity)
        if position is None:
            position, free = free, free + 1
        placed.append(PlacedStory(identity, position, story))
    return placed


def story_message(batch_id: str, placed: PlacedStory) -> StoryMessage:
    """Make the message that brings a story to a worker."""
    # By validation, not by hand: the options are JSON, and pydantic proves it.
    return StoryMessage.model_validate(
        {
            "batch_id": batch_id,
            "story_id": placed.story_id,
            "position": placed.position,
            "url": placed.story.url,
            "canonical_url": placed.story.canonical,
            "options": placed.story.options,
        }
    )


def list_events(
    batch_id: str, placed: Iterable[PlacedStory], *, with_options: bool = False
) -> Iterator[BatchStories]:
    """Give the events that tell of a batch's list, each small enough for a message.

    Parameters:
        with_options: tell the stories' options too, where no queue keeps them
    """
    for chunk in entries_in_chunks(placed, with_options=with_options):
        yield BatchStories(batch_id=batch_id, event_id=_chunk_id(batch_id, chunk), stories=chunk)


def entries_in_chunks(
    placed: Iterable[PlacedStory], *, with_options: bool = False
) -> Iterator[tuple[StoryEntry, ...]]:
    """Cut the list into parts that fit into a message each."""
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
    options = {"options": placed.story.options} if with_options and placed.story.options else {}
    return StoryEntry.model_validate(fields | options)


def _chunk_id(batch_id: str, chunk: Sequence[StoryEntry]) -> str:
    """Give the same event id for the same part of a list, so that the ledger stores it once."""
    named = "\n".join(f"{entry.story_id} {entry.position} {entry.url}" for entry in chunk)
    return hashlib.sha256(f"{batch_id}\n{named}".encode()).hexdigest()[:32]


def check_messages(reading: ListReading) -> ListReading:
    """Move the stories that cannot become a message (too large, not JSON) to the problems."""
    good: list[Story] = []
    problems = list(reading.problems)
    for story in reading.stories:
        problem = _message_problem(story)
        if problem:
            problems.append(f"{story.place}: {problem}")
        else:
            good.append(story)
    return ListReading(tuple(good), reading.repeated, tuple(problems))


def _message_problem(story: Story) -> str:
    try:
        message = story_message(_LONGEST_ID, PlacedStory(_LONGEST_ID, 1_000_000, story))
        body = encode(message)
        if len(body) > MAX_STORY_BODY:
            return (
                f"too large: its message would have {len(body) // 1024} KiB of {MAX_STORY_BODY // 1024} KiB "
                "allowed; put large options into a file and give its path"
            )
        if decode_story(body).options != story.options:
            return '"options" has values that JSON does not know, such as NaN'
    except ValidationError as error:
        place = error.errors(include_url=False, include_input=False)[0]["loc"][0]
        return f'"{place}" cannot be sent: nested too deeply, too long or not JSON'
    except (ValueError, RecursionError):
        return "has characters or values that cannot be sent as JSON in UTF-8"
    return ""


def _sound(text: str) -> bool:
    return text.isprintable()
