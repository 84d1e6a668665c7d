"""Compares a list of stories with earlier and running batches: what is made already, and what again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gt_common import messages
from gt_common.ledger.found_table import FoundTable
from gt_common.ledger.views import UnfinishedStory
from gt_common.messages.statuses import StoryStatus
from gt_common.stories import HashedUrls, Story, canonical_urls, without_in_order

if TYPE_CHECKING:
    from gt_common.ledger.reader import LedgerReader
    from gt_common.ledger.views import EarlierVideo
    from gt_common.messages import MadeFrom

_AT_ONCE: Final = 1_000
"""Stories of which the earlier videos are read at a time."""


@dataclass(frozen=True)
class AlreadyMade:
    """A story with an earlier video.

    Parameters:
        batch_id, output_path: of the earlier video
        differs: how another video would differ; empty if it would be the same
        gone: whether the earlier video is missing
        removed_at: when gt-prune removed it; then it counts as made and not as missing
    """

    story: Story
    batch_id: str
    output_path: str
    differs: tuple[str, ...] = ()
    gone: bool = False
    removed_at: datetime | None = None


@dataclass(frozen=True)
class BeingMade:
    """A story that another batch is making.

    Parameters:
        published_s: seconds since this machine published it, if the ledger does not know it yet
    """

    story: Story
    other: UnfinishedStory
    published_s: float | None = None


@dataclass(frozen=True)
class Comparison:
    """A list of stories, compared with the ledger.

    Parameters:
        stories: to be made
        made: left out, because there is a video already
        again: of `stories`, those that have had a video, which is missing or differs
        running: left out, because another batch is making them
    """

    stories: Sequence[Story]
    made: Sequence[AlreadyMade] = ()
    again: Sequence[AlreadyMade] = ()
    running: Sequence[BeingMade] = ()


@dataclass(frozen=True)
class Rule:
    """What is left out of a batch.

    Parameters:
        batch_id: the batch itself, which is not compared with
        orchestrator: the one that would run; None if it is not known
        is_gone: whether a video, given by its path, is missing
        is_made_now: whether the batch of an unfinished story is really running
        skip_changed: whether to leave out also what would differ from the earlier video
    """

    batch_id: str
    orchestrator: str | None
    is_gone: Callable[[str], bool]
    is_made_now: Callable[[UnfinishedStory], bool]
    skip_changed: bool = False


OnCompared = Callable[[int], None]
"""Called now and then with how many stories of the list were compared."""


def compare(
    ledger: LedgerReader,
    stories: Sequence[Story],
    rule: Rule,
    on_compared: OnCompared = lambda _count: None,
) -> Comparison:
    """Compare a list with the ledger, some stories at a time; story files are read."""
    wanted = HashedUrls(canonical_urls(stories))
    running = {
        other.canonical: other
        for other in ledger.unfinished(wanted)
        if other.batch_id != rule.batch_id and rule.is_made_now(other)
    }
    places = ledger.places(wanted)
    if not running and not places and not places.pruned:
        return Comparison(stories)
    left_out = bytearray(len(stories))
    made, again, now = made_table(stories), made_table(stories), running_table(stories)
    for start in range(0, len(stories), _AT_ONCE):
        part = stories[start : start + _AT_ONCE]
        videos = ledger.made([story.canonical for story in part], places)
        for number, story in enumerate(part, start):
            if other := running.get(story.canonical):
                add_running(now, number, BeingMade(story, other))
                left_out[number] = 1
            elif found := _earlier(story, videos.get(story.canonical, ()), rule):
                left_out[number] = not found.gone and (not found.differs or rule.skip_changed)
                _add_made(made if left_out[number] else again, number, found)
        on_compared(start + len(part))
    left = without_in_order(stories, compress(canonical_urls(stories), left_out))
    return Comparison(left, made or (), again or (), now or ())


_Video = tuple[str, str, tuple[str, ...], bool, datetime | None]
"""What many earlier videos share: batch, folder, and what is said of them."""
MadeTable = FoundTable[_Video, AlreadyMade]
_Running = tuple[str, StoryStatus, str | None, float | None]
"""What many stories that are being made share: batch, status, who makes it, and since when."""
RunningTable = FoundTable[_Running, BeingMade]


def made_table(stories: Sequence[Story]) -> MadeTable:
    """Return an empty table of stories of a list with an earlier video."""

    def make(story: Story, shared: _Video, name: str) -> AlreadyMade:
        batch_id, folder, differs, gone, removed_at = shared
        return AlreadyMade(story, batch_id, f"{folder}{name}", differs, gone, removed_at)

    return FoundTable(stories, make)


def running_table(stories: Sequence[Story]) -> RunningTable:
    """Return an empty table of stories of a list that another batch is making."""

    def make(story: Story, shared: _Running, _text: str) -> BeingMade:
        batch_id, status, made_by, published_s = shared
        return BeingMade(story, UnfinishedStory(story.canonical, batch_id, status, made_by), published_s)

    return FoundTable(stories, make)


def add_running(table: RunningTable, number: int, one: BeingMade) -> None:
    """Add the story with this number in the list."""
    other = one.other
    table.add(number, (other.batch_id, other.status, other.made_by, one.published_s))


def _add_made(table: MadeTable, number: int, one: AlreadyMade) -> None:
    folder, slash, name = one.output_path.rpartition("/")
    table.add(number, (one.batch_id, folder + slash, one.differs, one.gone, one.removed_at), name)


def video_is_gone(output_path: str) -> bool:
    """Whether a video is not on this machine any more, or empty.

    An address of another kind counts as there, and so does what this user may not look at.
    """
    if "://" in output_path:
        return False
    try:
        return Path(output_path).stat().st_size == 0
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: not a path
        return True
    except OSError:
        return False


def video_was_removed(output_path: str) -> bool:
    """Whether a video is missing from its folder; without that folder it may be on another machine."""
    return video_is_gone(output_path) and Path(output_path).parent.exists()


def _earlier(story: Story, videos: Sequence[EarlierVideo], rule: Rule) -> AlreadyMade | None:
    """Return the earlier video that is most like the one that would be made: the same, or the latest."""
    others = [video for video in videos if video.event.batch_id != rule.batch_id]
    if not others:
        return None
    wanted = messages.made_from(story.url, story.options, rule.orchestrator)
    found = list(_candidates(story, others, wanted, rule))
    # What was removed on purpose comes after what can still be watched.
    there = sorted((one for one in found if not one.gone), key=lambda one: one.removed_at is not None)
    return next((one for one in there if not one.differs), (there or found)[0])


def _candidates(
    story: Story, videos: Sequence[EarlierVideo], wanted: MadeFrom, rule: Rule
) -> Iterator[AlreadyMade]:
    for video in videos:
        event = video.event
        # Versions that did not record it cannot be compared with; their videos count as the same.
        differs = event.made_from.differences(wanted) if event.made_from else ()
        gone = video.removed_at is None and rule.is_gone(event.output_path)
        yield AlreadyMade(story, event.batch_id, event.output_path, differs, gone, video.removed_at)
