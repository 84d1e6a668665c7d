"""Plan of a batch: which of its stories are published already, and which are still to be published."""

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
from gt_producer.produce.journal_state import Header, JournalState


@dataclass(frozen=True)
class BatchPlan:
    """What is to be published.

    Parameters:
        stories: of this list, in its order
        total: number of stories in the batch, including earlier lists of the same batch
        confirmed: ids of the stories that are published already
        absent: number of stories of earlier lists that are neither published nor in this list
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
        """The stories that are still to be published, by position."""
        rest = [placed for placed in self.stories if placed.story_id not in self.confirmed]
        return tuple(sorted(rest, key=lambda placed: placed.position))

    @property
    def before(self) -> int:
        """Number of stories of this list that are published already."""
        return sum(placed.story_id in self.confirmed for placed in self.stories)

    def opening_events(self) -> Iterator[Event]:
        """Yield the events that open the batch and list its stories, published before any story."""
        tags = dict(self.tags)
        yield BatchOpened(batch_id=self.batch_id, total=self.total, name=self.name, tags=tags)
        yield from list_events(self.batch_id, self.stories)


def fingerprint(stories: Iterable[Story]) -> str:
    """Return a hash that identifies the same list of stories with the same options."""
    digest = hashlib.sha256()
    for story in stories:
        digest.update(json.dumps([story.canonical, story.options], sort_keys=True).encode() + b"\n")
    return digest.hexdigest()


def make_header(
    batch_id: str, namespace: str, stories: Sequence[Story], name: str | None, tags: Mapping[str, str]
) -> Header:
    """Return the journal header of a new batch."""
    return Header(batch_id, namespace, fingerprint(stories), name, tags)


def make_plan(wanted: Header, stories: Sequence[Story], state: JournalState) -> BatchPlan:
    """Plan a batch from its list and its journal; a batch keeps its first name and tags.

    Raises:
        UsageError: the batch was published to another namespace
    """
    header = state.header or wanted
    if header.namespace != wanted.namespace:
        raise UsageError(
            f"batch {header.batch_id} was published to the namespace {header.namespace}; "
            f"set GT_NAMESPACE={header.namespace} or use another --batch-id"
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
