"""Which stories a batch on one machine is to make: the list, checked, without what is made already."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gt_common.batches import check_messages, place_stories, story_message
from gt_common.cli.listing import say, say_problems, say_repeated
from gt_common.discovery import search
from gt_common.messages import StorySucceeded
from gt_common.settings import Settings
from gt_common.stories import ListReading, Story, story_id
from gt_common.stories.sources import read_sources_and_search
from gt_consumer.batch.request import Request
from gt_consumer.storage.finished_videos import find_finished

if TYPE_CHECKING:
    from gt_common.ledger.ledger import Ledger


@dataclass(frozen=True)
class AlreadyMade:
    """A story whose video an earlier batch has made."""

    story: Story
    event: StorySucceeded


@dataclass(frozen=True)
class Choice:
    """What of a list is to be made.

    Parameters:
        stories: to be made
        made: left out, as they were made before
    """

    stories: tuple[Story, ...]
    made: tuple[AlreadyMade, ...] = ()


def read_stories(request: Request, settings: Settings) -> ListReading:
    """Read what is named, search what is to be found, and say what is wrong with it or comes again.

    Raises:
        UsageError: nothing is named
        InvalidListError: a list cannot be read
        CredentialsRefusedError, RedditUnreachableError: of a search
    """
    found = partial(search, settings, request.limit, say, known=request.force) if request.discover else None
    reading = check_messages(read_sources_and_search(request.sources, found, sys.stdin.buffer, Path.cwd()))
    say_problems(reading.problems)
    say_repeated(reading)
    return reading


def choose(ledger: Ledger | None, stories: Sequence[Story], batch_id: str, listed: Collection[str]) -> Choice:
    """Leave out the stories that another batch has made.

    Parameters:
        ledger: None where there is none yet
        listed: ids of the stories that the batch has already; those stay
    """
    if ledger is None:
        return Choice(tuple(stories))
    fresh = [story for story in stories if story_id(batch_id, story.canonical) not in listed]
    made = ledger.made([story.canonical for story in fresh])
    left_out = tuple(AlreadyMade(story, made[story.canonical]) for story in fresh if story.canonical in made)
    gone = {one.story.canonical for one in left_out}
    return Choice(tuple(story for story in stories if story.canonical not in gone), left_out)


def count_found(output: Path, batch_id: str, stories: Sequence[Story]) -> int:
    """Give how many of a new batch's stories have their video in the output folder already."""
    messages = (story_message(batch_id, placed) for placed in place_stories(batch_id, stories, {}))
    return sum(find_finished(output.absolute(), message) is not None for message in messages)
