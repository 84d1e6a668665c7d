"""Result events: what happened to a batch or a story."""

from __future__ import annotations

import uuid
from typing import Annotated, Final, Literal, get_args

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
)

from gt_common.failures import Failure
from gt_common.messages.fields import (
    Count,
    Identifier,
    Label,
    Ordinal,
    Reason,
    Seconds,
    Title,
    Url,
    Versioned,
    utc_now,
)
from gt_common.messages.made_from import MadeFrom
from gt_common.messages.story import StoryMessage


class StoryEntry(BaseModel):
    """One line of a batch's list.

    Parameters:
        options: the orchestrator's options of this story; only for batches whose messages are in no queue
        title: None if it was not known when the list was read
    """

    model_config = ConfigDict(frozen=True)

    story_id: Identifier
    position: Ordinal
    url: Url
    options: dict[str, JsonValue] | None = None
    title: Title = None


class _Event(Versioned):
    event_id: Identifier = Field(default_factory=lambda: uuid.uuid4().hex)
    batch_id: Identifier
    at: AwareDatetime = Field(default_factory=utc_now)


class BatchOpened(_Event):
    """A batch was opened; published before its first story.

    Parameters:
        made_by: the program that runs the whole batch itself; None if its stories go through the broker
    """

    type: Literal["batch.opened"] = "batch.opened"
    total: Ordinal
    name: Label | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    made_by: Label | None = None


class BatchStories(_Event):
    """A part of a batch's list, so that stories are known before a worker starts them."""

    type: Literal["batch.stories"] = "batch.stories"
    stories: tuple[StoryEntry, ...]


class BatchSealed(_Event):
    """All stories of the batch's list are published."""

    type: Literal["batch.sealed"] = "batch.sealed"


class _StoryEvent(_Event):
    """Something that happened to a story in one run of one attempt of one generation."""

    story_id: Identifier
    position: Ordinal
    url: Url
    generation: Ordinal = 1
    attempt: Ordinal = 1
    run: Count = 0
    worker: Label | None = None
    started_at: AwareDatetime | None = None


class StoryStarted(_StoryEvent):
    """A worker started an attempt."""

    type: Literal["story.started"] = "story.started"
    project_id: Label | None = None


class StoryStage(_StoryEvent):
    """The running attempt reached a stage, or made progress in it (fraction 0 to 1)."""

    type: Literal["story.stage"] = "story.stage"
    stage: Label
    fraction: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None
    project_id: Label | None = None


class StoryReleased(_StoryEvent):
    """The attempt was not used up: the worker stopped, or a provider asked to wait until a time."""

    type: Literal["story.released"] = "story.released"
    reason: Literal["stopping", "rate_limited"]
    provider: Label | None = None
    until: AwareDatetime | None = None
    project_id: Label | None = None


class StoryRetrying(_StoryEvent):
    """The attempt failed; another follows after a wait."""

    type: Literal["story.retrying"] = "story.retrying"
    failure: Failure
    until: AwareDatetime
    project_id: Label | None = None
    duration_s: Seconds | None = None


class StoryFailed(_StoryEvent):
    """The story became a dead letter; `letter` is what a replay sends."""

    type: Literal["story.failed"] = "story.failed"
    failure: Failure
    letter: StoryMessage | None = None
    project_id: Label | None = None
    duration_s: Seconds | None = None


class StorySucceeded(_StoryEvent):
    """The video and its result file are complete.

    Parameters:
        made_from: None in events of versions that did not record it
    """

    type: Literal["story.succeeded"] = "story.succeeded"
    output_path: Annotated[str, StringConstraints(max_length=4096)]
    project_id: Label | None = None
    duration_s: Seconds | None = None
    video_s: Seconds | None = None
    made_from: MadeFrom | None = None


class StoryRequeued(_StoryEvent):
    """A dead letter was replayed as this generation."""

    type: Literal["story.requeued"] = "story.requeued"
    by: Label
    reason: Reason | None = None


class StoryCancelled(_StoryEvent):
    """An operator discarded the dead letter; `letter` is what a restore brings back.

    Parameters:
        purge_at: until when it can be restored
    """

    type: Literal["story.cancelled"] = "story.cancelled"
    by: Label
    reason: Reason | None = None
    purge_at: AwareDatetime
    letter: StoryMessage


BatchEvent = BatchOpened | BatchStories | BatchSealed


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


Event = BatchEvent | StoryEvent

EVENT_TYPES: Final = frozenset(
    str(kind.model_fields["type"].default) for kind in (*get_args(BatchEvent), *get_args(StoryEvent))
)
"""Types of events that this version knows."""
