"""A batch before it is published: its id, name and tags, and the positions and messages of its stories."""

from __future__ import annotations

import hashlib
import re
import secrets
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import overload

from pydantic import ValidationError

from gt_common.errors import UsageError
from gt_common.messages import (
    MAX_ORDINAL,
    START,
    BatchStories,
    Priority,
    StoryEntry,
    StoryMessage,
    decode_story,
    encode,
    utc_now,
)
from gt_common.stories import MAX_URL, ListReading, Story, StoryTable, canonical_urls, story_ids, without
from gt_common.stories.schedule import Schedule

ROOM_FOR_ERRORS = 114 * 1024
"""Most bytes that the errors of five attempts can take in a story message."""
MAX_STORY_BODY = 128 * 1024
"""Most bytes of a new story message: the rest is for its errors and replays."""
CHUNK_ENTRIES = 500
CHUNK_BYTES = 200 * 1024
MAX_TAGS = 50

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # without characters that look alike
_BATCH_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What `Identifier` accepts."""
_LONGEST_ID = "x" * 64
_ENTRY_BYTES = 112
"""Bytes of a `StoryEntry` that has an id, a position and a URL, without these, and a comma."""
_UNPLAIN = re.compile(r"[^ !#-\[\]-~]")
"""Characters that are not the same in JSON."""
_SCHEMES = ("https:", "http:", "file:")
_LONG = 1_000


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
    if _BATCH_ID.fullmatch(text):
        return text
    raise UsageError(
        f"invalid batch id {text!r}: use up to 64 letters, digits, dots, underscores and hyphens, "
        "starting with a letter or digit"
    )


def batch_lock(state_dir: Path, batch_id: str) -> Path:
    """Return the file that a process locks as long as it runs the whole batch itself, without a broker."""
    return state_dir / "batches" / f"{batch_id}.json"


def batch_journal(state_dir: Path, batch_id: str) -> Path:
    """Return the journal in which gt-produce keeps what it has published of a batch."""
    return state_dir / "journals" / f"{batch_id}.jsonl"


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


class PlacedStories(Sequence[PlacedStory]):
    """Stories of a batch with their ids and positions, which take 12 bytes each beside the stories.

    Parameters:
        ids: the story ids as numbers
    """

    def __init__(self, stories: Sequence[Story], ids: array[int], positions: array[int]) -> None:
        self.stories = stories
        self.ids = ids
        self.positions = positions

    @overload
    def __getitem__(self, index: int) -> PlacedStory: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[PlacedStory, ...]: ...
    def __getitem__(self, index: int | slice) -> PlacedStory | tuple[PlacedStory, ...]:
        """Return one placed story, or some as a tuple."""
        if isinstance(index, slice):
            return tuple(self[number] for number in range(*index.indices(len(self))))
        return PlacedStory(f"{self.ids[index]:016x}", self.positions[index], self.stories[index])

    def __len__(self) -> int:
        """Return the number of stories."""
        return len(self.stories)

    def __iter__(self) -> Iterator[PlacedStory]:
        """Yield all stories in the order of their list."""
        return map(self.__getitem__, range(len(self)))


def place_stories(batch_id: str, stories: Sequence[Story], known: Mapping[str, int]) -> PlacedStories:
    """Assign each story its position: the one it has already, otherwise the next free one.

    Parameters:
        known: positions of the stories that were announced before, by story id

    Raises:
        UsageError: the batch would have more stories than a message can number
    """
    free = max(known.values(), default=0) + 1
    identify = story_ids(batch_id)
    ids, positions = array("Q"), array("L")
    for canonical in canonical_urls(stories):
        identity = identify(canonical)
        position = known.get(identity)
        if position is None:
            position, free = free, free + 1
        ids.append(int(identity, 16))
        positions.append(position)
    if free - 1 > MAX_ORDINAL:
        raise UsageError(
            f"batch {batch_id} can have at most {MAX_ORDINAL:,} stories, and with this list it would have "
            f"{free - 1:,}; put the others into another batch"
        )
    return PlacedStories(stories, ids, positions)


def story_message(batch_id: str, placed: PlacedStory, schedule: Schedule | None = None) -> StoryMessage:
    """Return the message for one story of a batch.

    Parameters:
        schedule: when it starts, and its priority
    """
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
            "given": placed.story.given,
            **_scheduled(placed.story, schedule),
        }
    )


def _scheduled(story: Story, schedule: Schedule | None) -> dict[str, object]:
    """Return the fields of a message that say when it starts and what comes first."""
    if schedule is None:
        return {}
    start = schedule.start_of(story)
    return {
        "priority": schedule.priority_of(story),
        "not_before": start,
        "waits_for": START if start else None,
    }


def story_messages(
    batch_id: str, placed: Iterable[PlacedStory], schedule: Schedule | None = None
) -> Iterator[StoryMessage]:
    """Yield the messages of stories that `check_messages` has checked, in a third of the time."""
    first: StoryMessage | None = None
    for one in placed:
        if first is None:
            first = story_message(batch_id, one, schedule)
        yield first.model_copy(
            update={
                "story_id": one.story_id,
                "position": one.position,
                "url": one.story.url,
                "canonical_url": one.story.canonical,
                "options": one.story.options,
                "title": one.story.title,
                "given": one.story.given,
                "published_at": utc_now(),
                **_scheduled(one.story, schedule),
            }
        )


def list_events(
    batch_id: str,
    placed: Iterable[PlacedStory],
    schedule: Schedule | None = None,
    *,
    with_options: bool = False,
) -> Iterator[BatchStories]:
    """Return the events that announce a batch's list, each small enough for a message.

    Parameters:
        with_options: include what else a message of a story has, for a batch whose messages are in no queue
    """
    for chunk in chunks_of_list(placed, schedule, with_options=with_options):
        yield list_event(batch_id, chunk, schedule, with_options=with_options)


def list_event(
    batch_id: str,
    chunk: Sequence[PlacedStory],
    schedule: Schedule | None = None,
    *,
    with_options: bool = False,
) -> BatchStories:
    """Return the event that announces one part of a batch's list; the same part has the same event id."""
    entries = tuple(_entry(one, schedule, with_options=with_options) for one in chunk)
    return BatchStories(batch_id=batch_id, event_id=_chunk_id(batch_id, entries), stories=entries)


def chunks_of_list(
    placed: Iterable[PlacedStory], schedule: Schedule | None = None, *, with_options: bool = False
) -> Iterator[tuple[PlacedStory, ...]]:
    """Split a list into parts that each fit into a message."""
    chunk: list[PlacedStory] = []
    size = 0
    for one in placed:
        length = _entry_length(one, schedule, with_options=with_options)
        if chunk and (len(chunk) >= CHUNK_ENTRIES or size + length > CHUNK_BYTES):
            yield tuple(chunk)
            chunk, size = [], 0
        chunk.append(one)
        size += length
    if chunk:
        yield tuple(chunk)


def _entry_length(placed: PlacedStory, schedule: Schedule | None, *, with_options: bool) -> int:
    """Return how many bytes a story takes in the event of its list."""
    story = placed.story
    more = schedule is not None or (with_options and (story.options or story.given))
    if story.title is None and not more and _is_plain(story.url):
        return _ENTRY_BYTES + len(placed.story_id) + len(str(placed.position)) + len(story.url)
    return len(_entry(placed, schedule, with_options=with_options).model_dump_json().encode()) + 1


def _entry(placed: PlacedStory, schedule: Schedule | None, *, with_options: bool) -> StoryEntry:
    story = placed.story
    fields: dict[str, object] = {"story_id": placed.story_id, "position": placed.position, "url": story.url}
    fields["title"] = story.title
    if with_options:
        fields |= {"options": story.options or None, "given": story.given}
    if schedule is not None:
        fields["not_before"] = schedule.start_of(story)
        if with_options and (priority := schedule.priority_of(story)) is not Priority.NORMAL:
            fields["priority"] = priority
    return StoryEntry.model_validate(fields)


def _chunk_id(batch_id: str, chunk: Sequence[StoryEntry]) -> str:
    """Return an event id derived from a part of the list, so that the ledger stores that part once."""
    named = "\n".join(_named(entry) for entry in chunk)
    return hashlib.sha256(f"{batch_id}\n{named}".encode()).hexdigest()[:32]


def _named(entry: StoryEntry) -> str:
    line = f"{entry.story_id} {entry.position} {entry.url}"
    line = line if entry.title is None else f"{line} {entry.title}"
    return f"{line} {entry.not_before.isoformat()}" if entry.not_before else line


def check_messages(reading: ListReading) -> ListReading:
    """Move stories that cannot become a message (too large, not JSON) to the problems."""
    stories = reading.stories
    looked_at = stories.unusual() if isinstance(stories, StoryTable) else stories
    found, places = {}, {}
    for story in looked_at:
        if problem := _message_problem(story):
            found[story.canonical], places[story.canonical] = problem, story.place
    if not found:
        return reading
    problems = (f"{places[canonical]}: {problem}" for canonical, problem in found.items())
    return replace(reading, stories=without(reading.stories, found), problems=(*reading.problems, *problems))


def _surely_fits(story: Story) -> bool:
    """Whether a story's message can be sent for sure, so that it needs no closer look."""
    urls = (story.url, story.canonical)
    return (
        all(
            url.startswith(_SCHEMES) and len(url) <= MAX_URL and " " not in url and _is_plain(url)
            for url in urls
        )
        and _is_plain(story.title or "")
        and story.given is None
        and (not story.options or _are_plain(story.options))
    )


def _are_plain(options: Mapping[str, object]) -> bool:
    return len(options) <= MAX_TAGS and all(
        len(name) <= _LONG
        and _is_plain(name)
        and (
            value is None
            or isinstance(value, bool)
            or (isinstance(value, int) and abs(value) < 2**53)
            or (isinstance(value, str) and len(value) <= _LONG and _is_plain(value))
        )
        for name, value in options.items()
    )


def _is_plain(text: str) -> bool:
    """Whether a text stands in JSON as it is, one byte for each character."""
    return _UNPLAIN.search(text) is None


def _message_problem(story: Story) -> str:
    if _surely_fits(story):
        return ""
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
