"""The report of a batch: the public JSON document as frozen models."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from gt_common.lifecycle import BatchPhase, StoryStatus
from gt_common.messages import Identifier
from gt_common.money import DEFAULT_CURRENCY


class _Document(BaseModel):
    """A frozen document; unknown keys of later minor versions are ignored when a saved report is read."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        defer_build=True,
    )


class VideoFailure(_Document):
    """Why the last attempt at a story failed: what programs need to decide what to do."""

    type: str
    message: str
    stage: str | None
    retryable: bool
    fingerprint: str


class VideoCancel(_Document):
    """Who cancelled a story or discarded its dead letter, why, and when."""

    by: str
    reason: str | None
    at: AwareDatetime


class VideoRequeue(_Document):
    """Why a story was requeued without using up its attempt.

    Parameters:
        reason: `rate_limited`, `machine_unfit`, or `stopping` for a worker that was stopping
        provider, until: who asked to wait, and until when; None unless it is `rate_limited`
        error: what the failure said of the limit, or what the machine lacks; None if that is not known
        waits: how often the attempt has met a limit; None if it has met none, or an earlier version ran it
    """

    reason: Literal["rate_limited", "machine_unfit", "stopping"]
    provider: str | None
    until: AwareDatetime | None
    error: str | None
    waits: int | None


class BatchPause(_Document):
    """Who paused a batch, or the whole fleet, why, and when.

    Parameters:
        whole_fleet: whether all batches are paused, for the next commands; not part of the document
    """

    by: str
    reason: str | None
    at: AwareDatetime
    whole_fleet: bool = Field(default=False, exclude=True)


class VideoResult(_Document):
    """The result of one story.

    Parameters:
        stage: stage of a running story, or what a waiting one waits for; a failure has its own in `failure`
        error: why the last attempt failed, as a text for people; None for a story that has not failed
        failure: the same with its details
        attempts: attempts in this generation, including the running one
        duration_s: seconds of the last attempt; of a running one, so far
        video_s: length of the video in seconds
        title: None if it was not known when the list was read
        cost: what its runs have spent, all of them; None if none has said any
        cost_wasted: the part of it that was spent on runs that are over and made no video
        cancelled: None for a story that is not cancelled
        requeued: None unless that is the last that happened to it
    """

    story_id: str
    position: int
    url: str
    project_id: str | None
    status: StoryStatus
    stage: str | None
    error: str | None
    failure: VideoFailure | None
    attempts: int
    generation: int
    worker: str | None
    output_path: Path | None
    duration_s: float | None
    video_s: float | None
    title: str | None = None
    cost: float | None = None
    cost_wasted: float | None = None
    cancelled: VideoCancel | None = None
    requeued: VideoRequeue | None = None

    @property
    def duration(self) -> float | None:
        """`video_s` under the name that GossipToon's own `VideoResult` gives it."""
        return self.video_s


class FailureGroup(_Document):
    """Failed stories with one cause: same stage, error type and, except for numbers and names, message."""

    fingerprint: str
    count: int
    stage: str | None
    error_type: str
    sample: str
    stories: tuple[str, ...]


class BatchHead(_Document):
    """The report of a batch without its stories; its keys and their order are the public contract.

    Parameters:
        duration_s: seconds from opening to the end, or until now while open
        cost, cost_wasted: sums over its stories, in the currency; None if no run has said any
        eta_s: middle of the estimated range of seconds left; None if done, paused or not yet known
        paused: the pause of the batch, otherwise that of the fleet; None if its stories may start
        made_by: the program that runs the batch by itself, for the next commands; not part of the document
    """

    schema_version: Literal[1] = Field(default=1, alias="schema")
    batch_id: Identifier
    name: str | None
    tags: dict[str, str]
    state: BatchPhase
    total: int
    queued: int
    running: int
    retrying: int
    successful: int
    failed: int
    cancelled: int
    opened_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    duration_s: float | None
    eta_s: float | None
    cost: float | None = None
    cost_wasted: float | None = None
    currency: str = DEFAULT_CURRENCY
    paused: BatchPause | None = None
    failure_groups: tuple[FailureGroup, ...]
    made_by: str | None = Field(default=None, exclude=True)

    @model_validator(mode="after")
    def _sums_hold(self) -> Self:
        parts = self.queued + self.running + self.retrying + self.successful + self.failed + self.cancelled
        if parts != self.total:
            raise ValueError(f"the counts sum up to {parts}, the total is {self.total}")
        return self

    @property
    def finished(self) -> int:
        """Number of stories with a final status."""
        return self.successful + self.failed + self.cancelled


class BatchResult(BatchHead):
    """The report of a batch.

    Parameters:
        results: by position; announced stories without any event yet count as queued and are not listed
        stopped_by: the stop rule, `max_failures` or `max_cost`, that `BatchProcessor` has met with stories
            left; not part of the document
    """

    results: tuple[VideoResult, ...]
    stopped_by: str | None = Field(default=None, exclude=True)

    @property
    def started_at(self) -> datetime | None:
        """`opened_at` as in GossipToon's own `BatchResult`: local time without a zone."""
        return _local(self.opened_at)

    @property
    def completed_at(self) -> datetime | None:
        """`finished_at` as in GossipToon's own `BatchResult`: local time without a zone."""
        return _local(self.finished_at)

    @property
    def total_duration_seconds(self) -> float | None:
        """Seconds from opening to the end as in GossipToon's own `BatchResult`; None while open."""
        return None if self.finished_at is None else self.duration_s

    def to_json(self) -> str:
        """Return the document as indented JSON, with times in UTC (`Z`)."""
        return self.model_dump_json(indent=2)


def _local(when: datetime | None) -> datetime | None:
    """Return a time as `datetime.now()` gives it, so that it can be subtracted from that."""
    return None if when is None else when.astimezone().replace(tzinfo=None)
