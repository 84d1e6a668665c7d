"""Result events about a batch: its opening, its list, and that all of it is published."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from gt_common.messages.event_base import EventOfBatch
from gt_common.messages.fields import GivenName, Identifier, Label, Ordinal, Title, Url
from gt_common.messages.stop_rules import CostLimit, FailureLimit
from gt_common.messages.story import GT_BATCH
from gt_common.stories.priority import Priority


class StoryEntry(BaseModel):
    """One line of a batch's list.

    Parameters:
        options: the orchestrator's options of this story; only for batches whose messages are in no queue
        title: None if it was not known when the list was read
        given: how the list names a story file, if that is not its URL; as `options`
        not_before: its first run starts at this time or later; None starts it when a worker is free
        priority: as `options`; None is the usual one
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    story_id: Identifier
    position: Ordinal
    url: Url
    options: dict[str, JsonValue] | None = None
    title: Title = None
    given: GivenName | None = None
    not_before: AwareDatetime | None = None
    priority: Priority | None = None


class BatchOpened(EventOfBatch):
    """A batch was opened; published before its first story.

    Parameters:
        made_by: the program that runs the whole batch itself; None if its stories go through the broker
        max_failures, max_cost: stop rules, see `StopRules`; None leaves them as an earlier event set them
    """

    type: Literal["batch.opened"] = "batch.opened"
    total: Ordinal
    name: Label | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    made_by: Label | None = None
    max_failures: FailureLimit | None = None
    max_cost: CostLimit | None = None


def is_local(opened: BatchOpened | None) -> bool:
    """Whether a batch runs on one machine, by gt-batch, as far as its opening is known."""
    return opened is not None and opened.made_by == GT_BATCH


class BatchStories(EventOfBatch):
    """A part of a batch's list, so that stories are known before a worker starts them."""

    type: Literal["batch.stories"] = "batch.stories"
    stories: tuple[StoryEntry, ...]


class BatchSealed(EventOfBatch):
    """All stories of the batch's list are published."""

    type: Literal["batch.sealed"] = "batch.sealed"
