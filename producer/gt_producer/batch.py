"""A batch before it is published: its id, its tags, its stories' places, and the messages they become."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from gt_common.errors import UsageError
from gt_common.messages import (
    BatchOpened,
    BatchStories,
    Event,
    Identifier,
    StoryEntry,
    StoryMessage,
    decode_story,
    encode,
)
from gt_common.stories import ListReading, Story, story_id
from gt_producer.journal import Header, JournalState

MAX_STORY_BODY = 128 * 1024
"""Bytes of a fresh story message: half of what is allowed, so that the errors of its attempts fit in."""
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


@dataclass(frozen=True)
class BatchPlan:
    """What is to be published.

    Parameters:
        stories: of this list, in its order
        total: stories of the batch, those of earlier lists of the same batch included
        confirmed: ids of the stories that were published before
        absent: how many announced stories of earlier lists are neither published nor in this list
    """

    batch_id: str
    name: str | None
    tags: Mapping[str, str]
    stories: tuple[PlacedStory, ...]
    total: int
    confirmed: AbstractSet[str]
    absent: int

    @property
    def remaining(self) -> tuple[PlacedStory, ...]:
        """The stories that are still to be published, in the order of their places."""
        rest = [placed for placed in self.stories if placed.story_id not in self.confirmed]
        return tuple(sorted(rest, key=lambda placed: placed.position))

    @property
    def before(self) -> int:
        """How many stories of this list were published before."""
        return sum(placed.story_id in self.confirmed for placed in self.stories)

    def announcement(self) -> Iterator[Event]:
        """Give the events that tell of the batch and its list before any story is sent."""
        tags = dict(self.tags)
        yield BatchOpened(batch_id=self.batch_id, total=self.total, name=self.name, tags=tags)
        for chunk in entries_in_chunks(self.stories):
            event_id = _chunk_id(self.batch_id, chunk)
            yield BatchStories(batch_id=self.batch_id, event_id=event_id, stories=chunk)


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


def fingerprint(stories: Iterable[Story]) -> str:
    """Give a hash under which the very same list, options included, is recognised."""
    digest = hashlib.sha256()
    for story in stories:
        digest.update(json.dumps([story.canonical, story.options], sort_keys=True).encode() + b"\n")
    return digest.hexdigest()


def make_header(
    batch_id: str, namespace: str, stories: Sequence[Story], name: str | None, tags: Mapping[str, str]
) -> Header:
    """Give what the journal of a new batch begins with."""
    return Header(batch_id, namespace, fingerprint(stories), name, tags)


def make_plan(wanted: Header, stories: Sequence[Story], state: JournalState) -> BatchPlan:
    """Plan a batch with what its journal knows; the first name and tags of a batch stay.

    Raises:
        UsageError: the batch was published to another namespace
    """
    header = state.header or wanted
    if header.namespace != wanted.namespace:
        raise UsageError(
            f"batch {header.batch_id} was published to the namespace {header.namespace}; "
            f"set GT_NAMESPACE={header.namespace} or take another --batch-id"
        )
    placed = tuple(place_stories(header.batch_id, stories, state.positions))
    ids = {one.story_id for one in placed}
    return BatchPlan(
        batch_id=header.batch_id,
        name=header.name,
        tags=header.tags,
        stories=placed,
        total=len(state.positions.keys() | ids),
        confirmed=frozenset(state.confirmed),
        absent=len(state.positions.keys() - state.confirmed - ids),
    )


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


def entries_in_chunks(placed: Iterable[PlacedStory]) -> Iterator[tuple[StoryEntry, ...]]:
    """Cut the list into parts that fit into a message each."""
    chunk: list[StoryEntry] = []
    size = 0
    for one in placed:
        entry = StoryEntry(story_id=one.story_id, position=one.position, url=one.story.url)
        length = len(entry.model_dump_json().encode()) + 1
        if chunk and (len(chunk) >= CHUNK_ENTRIES or size + length > CHUNK_BYTES):
            yield tuple(chunk)
            chunk, size = [], 0
        chunk.append(entry)
        size += length
    if chunk:
        yield tuple(chunk)


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
