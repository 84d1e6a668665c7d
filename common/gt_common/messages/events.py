"""All kinds of result events, and which of them may decide what."""

from __future__ import annotations

from typing import Final, get_args

from gt_common.messages.batch_events import BatchOpened, BatchSealed, BatchStories
from gt_common.messages.hold_events import BatchHold, FleetHold
from gt_common.messages.story_events import (
    StoryCancelled,
    StoryFailed,
    StoryReleased,
    StoryRequeued,
    StoryRetrying,
    StorySpent,
    StoryStage,
    StoryStarted,
    StorySucceeded,
)

BatchEvent = BatchOpened | BatchStories | BatchSealed | BatchHold


StoryEvent = (
    StoryStarted
    | StoryStage
    | StoryReleased
    | StoryRetrying
    | StoryFailed
    | StorySucceeded
    | StoryRequeued
    | StoryCancelled
)
"""An event that may decide the status of its story."""


FleetEvent = FleetHold

Event = BatchEvent | StoryEvent | StorySpent | FleetEvent


EVENT_TYPES: Final = frozenset(str(kind.model_fields["type"].default) for kind in get_args(Event))
"""Types of events that this version knows."""
