"""A batch before it is published: what its journal knows of it, and what is still to be published."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from gt_common.batches import PlacedStory, list_events, place_stories
from gt_common.errors import UsageError
from gt_common.messages import BatchOpened, Event
from gt_common.stories import Story
from gt_producer.produce.journal import Header, JournalState


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
        yield from list_events(self.batch_id, self.stories)


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
