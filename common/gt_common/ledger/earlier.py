"""Compares a list of stories with earlier and running batches: what is made already, and what again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gt_common import messages
from gt_common.stories import Story, canonical_urls, without

if TYPE_CHECKING:
    from gt_common.ledger.reader import LedgerReader
    from gt_common.ledger.views import EarlierVideo, UnfinishedStory
    from gt_common.messages import MadeFrom, StorySucceeded


@dataclass(frozen=True)
class AlreadyMade:
    """A story with an earlier video.

    Parameters:
        differs: how another video would differ; empty if it would be the same
        gone: whether the earlier video is missing
        removed_at: when gt-prune removed it; then it counts as made and not as missing
    """

    story: Story
    event: StorySucceeded
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
    made: tuple[AlreadyMade, ...] = ()
    again: tuple[AlreadyMade, ...] = ()
    running: tuple[BeingMade, ...] = ()


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


def compare(ledger: LedgerReader, stories: Sequence[Story], rule: Rule) -> Comparison:
    """Compare a list with the ledger; story files are read."""
    canonicals = frozenset(canonical_urls(stories))
    running = {
        other.canonical: other
        for other in ledger.unfinished(canonicals)
        if other.batch_id != rule.batch_id and rule.is_made_now(other)
    }
    videos = ledger.made(canonicals)
    made, again, now = [], [], []
    for story in stories if running or videos else ():
        if story.canonical in running:
            now.append(BeingMade(story, running[story.canonical]))
            continue
        found = _earlier(story, videos.get(story.canonical, []), rule)
        if found and not found.gone and (not found.differs or rule.skip_changed):
            made.append(found)
        elif found:
            again.append(found)
    left = without(stories, {one.story.canonical for one in made} | {one.story.canonical for one in now})
    return Comparison(left, tuple(made), tuple(again), tuple(now))


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
        yield AlreadyMade(story, event, differs, gone, video.removed_at)
