"""Result events about a story: what happened to it in one run of one attempt."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from gt_common.failures import Failure
from gt_common.messages.event_base import EventOfBatch
from gt_common.messages.fields import Cost, Count, Identifier, Label, Ordinal, Reason, Seconds, Url
from gt_common.messages.provenance import MadeFrom
from gt_common.messages.story import StoryMessage


class _StoryEvent(EventOfBatch):
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


class StorySpent(_StoryEvent):
    """The run has spent this much so far; it moves no status.

    Of all the costs of a run, those of its end included, the greatest per provider counts; runs add up.
    """

    type: Literal["story.spent"] = "story.spent"
    cost: Cost


class StoryReleased(_StoryEvent):
    """The attempt was not used up: the worker stopped or was unfit, or a provider asked to wait until a time.

    Parameters:
        reason: of an unfit machine `stopping`, too, so that earlier versions can read the event
        problem: why the worker's machine could not run stories; None if it could
        error: what the failure said that counts as a limit; None if the orchestrator named the provider
        waits: how often this attempt has met a limit, this time included; None in events of earlier versions
    """

    type: Literal["story.released"] = "story.released"
    reason: Literal["stopping", "rate_limited"]
    problem: Reason | None = None
    provider: Label | None = None
    until: AwareDatetime | None = None
    error: Reason | None = None
    waits: Count | None = None
    project_id: Label | None = None
    cost: Cost | None = None


class StoryRetrying(_StoryEvent):
    """The attempt failed; another follows after a wait."""

    type: Literal["story.retrying"] = "story.retrying"
    failure: Failure
    until: AwareDatetime
    project_id: Label | None = None
    duration_s: Seconds | None = None
    cost: Cost | None = None


class StoryFailed(_StoryEvent):
    """The story became a dead letter; `letter` is what a replay sends."""

    type: Literal["story.failed"] = "story.failed"
    failure: Failure
    letter: StoryMessage | None = None
    project_id: Label | None = None
    duration_s: Seconds | None = None
    cost: Cost | None = None


class StorySucceeded(_StoryEvent):
    """The video and its result file are complete.

    Parameters:
        made_from: None in events of versions that did not record it
        made_in: generation, attempt and run that made the video, if it was an earlier run
    """

    type: Literal["story.succeeded"] = "story.succeeded"
    output_path: Annotated[str, StringConstraints(max_length=4096)]
    project_id: Label | None = None
    duration_s: Seconds | None = None
    video_s: Seconds | None = None
    made_from: MadeFrom | None = None
    made_in: tuple[Ordinal, Ordinal, Count] | None = None
    cost: Cost | None = None


class StoryRequeued(_StoryEvent):
    """A dead letter was replayed as this generation."""

    type: Literal["story.requeued"] = "story.requeued"
    by: Label
    reason: Reason | None = None


class StoryCancelled(_StoryEvent):
    """An operator cancelled the story, or discarded its dead letter.

    Its attempt is that of the story's message: the running one, which has a `started_at`, or the next one.

    Parameters:
        purge_at: until when it can be restored
        letter: what a restore brings back; None as long as nobody has met the story's message. The event that
            carries it then has the time, operator and reason of the cancel
        running: whether a gt-batch stops an attempt that runs, or lets it finish; None for stop. The fleet's
            workers know it from the notice
    """

    type: Literal["story.cancelled"] = "story.cancelled"
    by: Label
    reason: Reason | None = None
    purge_at: AwareDatetime
    letter: StoryMessage | None = None
    cost: Cost | None = None
    running: Literal["stop", "finish"] | None = None
