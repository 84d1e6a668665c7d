"""One story of a list, and many of them in little memory."""

from __future__ import annotations

import marshal
from array import array
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, cast, overload

POST_PREFIX: Final = "https://www.reddit.com/comments/"
"""How the canonical URL of a Reddit post begins."""
_Own = tuple[str | None, str | None]
"""Start time and priority."""
_Record = tuple[int, int, str, str, dict[str, object] | None, str | None, str | None, _Own | None]


@dataclass(frozen=True)
class Story:
    """One story of a list.

    Parameters:
        url: as given (a file as its absolute `file://` URL)
        given: how the list names a story file, if that is not its URL
        canonical: the form that is equal for equal stories
        place: where it was found, such as `urls.txt:14`
        options: the orchestrator's options of this story
        title: as `clean_title` returns it; None while it is not known
        start_after, priority: of this line, as they were given; None for those of the whole list
    """

    url: str
    canonical: str
    place: str
    options: dict[str, object] = field(default_factory=dict)
    title: str | None = None
    given: str | None = None
    start_after: str | None = None
    priority: str | None = None


class StoryTable(Sequence[Story]):
    """Stories, packed: a list of a million takes some 120 MB instead of 1 GB. Only grows.

    Each is unpacked whenever it is read, so that every read returns a new object.
    """

    def __init__(self, stories: Iterable[Story] = ()) -> None:
        self._records = bytearray()
        self._ends = array("Q", [0])
        self._sources: dict[str, int] = {}
        self._source_names: list[str] = []
        self._closer_looks = array("L")
        self.has_files = False
        self.has_own = False
        for story in stories:
            self.append(story)

    def append(self, story: Story) -> None:
        """Add a story at the end."""
        source, number = split_place(story.place)
        self.has_files = self.has_files or story.url.startswith("file:")
        self._closer_looks.append(len(self))
        canonical = shortened(story.canonical) if story.canonical != story.url else ""
        options = story.options or None
        own = (story.start_after, story.priority) if story.start_after or story.priority else None
        self.has_own = self.has_own or own is not None
        known = (story.title, story.given, own)
        self._add((self._source(source), number, story.url, canonical, options, *known))

    def append_plain(self, url: str, canonical: str, source: str, number: int) -> None:
        """Add a story that is only the usual link to a Reddit post.

        Parameters:
            source, number: name of its list, with the colon, and its line there
        """
        self._add((self._source(source), number, url, shortened(canonical), None, None, None, None))

    def unusual(self) -> Iterator[Story]:
        """Yield the stories that are more than the usual link to a Reddit post."""
        return map(self._story, self._closer_looks)

    def _source(self, source: str) -> int:
        index = self._sources.setdefault(source, len(self._sources))
        if index == len(self._source_names):
            self._source_names.append(source)
        return index

    def _add(self, record: _Record) -> None:
        self._records += marshal.dumps(record)
        self._ends.append(len(self._records))

    @overload
    def __getitem__(self, index: int) -> Story: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Story, ...]: ...
    def __getitem__(self, index: int | slice) -> Story | tuple[Story, ...]:
        """Return one story, or some as a tuple."""
        if isinstance(index, slice):
            return tuple(self._story(number) for number in range(*index.indices(len(self))))
        return self._story(range(len(self))[index])

    def __len__(self) -> int:
        """Return the number of stories."""
        return len(self._ends) - 1

    def __iter__(self) -> Iterator[Story]:
        """Yield all stories."""
        return map(self._story, range(len(self)))

    def __eq__(self, other: object) -> bool:
        """Whether the other sequence has equal stories in the same order."""
        if not isinstance(other, Sequence) or isinstance(other, str | bytes):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def contents(self) -> Iterator[tuple[str, dict[str, object]]]:
        """Yield the canonical URL and the options of each story, in a third of the time of whole stories."""
        for number in range(len(self)):
            record = self._record(number)
            yield _whole(record[3]) or record[2], record[4] or {}

    def _record(self, number: int) -> _Record:
        packed = memoryview(self._records)[self._ends[number] : self._ends[number + 1]]
        return cast("_Record", marshal.loads(packed))  # noqa: S302 - written by this object

    def _story(self, number: int) -> Story:
        source, line, url, canonical, options, title, given, own = self._record(number)
        place = f"{self._source_names[source]}{line}" if line else self._source_names[source]
        start_after, priority = own or (None, None)
        canonical = _whole(canonical) or url
        return Story(url, canonical, place, options or {}, title, given, start_after, priority)


def canonical_urls(stories: Sequence[Story]) -> Iterator[str]:
    """Yield the canonical URL of each story."""
    return (canonical for canonical, _ in contents(stories))


def contents(stories: Sequence[Story]) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield the canonical URL and the options of each story."""
    if isinstance(stories, StoryTable):
        return stories.contents()
    return ((story.canonical, story.options) for story in stories)


def without(stories: Sequence[Story], left_out: Container[str]) -> Sequence[Story]:
    """Return the stories whose canonical URLs are not left out; the same object if all stay."""
    if not any(canonical in left_out for canonical in canonical_urls(stories)):
        return stories
    return StoryTable(story for story in stories if story.canonical not in left_out)


def without_in_order(stories: Sequence[Story], left_out: Iterable[str]) -> Sequence[Story]:
    """Return the stories that are not left out, as `without`, with no set of a million texts.

    Parameters:
        left_out: canonical URLs of some of the stories, in their order
    """
    waiting = iter(left_out)
    expected = next(waiting, None)
    if expected is None:
        return stories
    left = StoryTable()
    for story in stories:
        if story.canonical == expected:
            expected = next(waiting, None)
        else:
            left.append(story)
    return left


def shortened(canonical: str) -> str:
    """Return a canonical URL in a form that takes less memory; different URLs stay different."""
    return "\0" + canonical[len(POST_PREFIX) :] if canonical.startswith(POST_PREFIX) else canonical


def _whole(short: str) -> str:
    return POST_PREFIX + short[1:] if short.startswith("\0") else short


def split_place(place: str) -> tuple[str, int]:
    """Split the number of a line from the name of its list; 0 if there is none."""
    name = place.rstrip("0123456789")
    digits = place[len(name) :]
    if digits and len(digits) <= 9 and digits[0] != "0" and digits.isascii():
        return name, int(digits)
    return place, 0
