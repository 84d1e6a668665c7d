"""Decodes the events that a ledger stores as JSON; those of a newer version may be unreadable."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, Final, get_args

from pydantic import Field, TypeAdapter

from gt_common import messages

if TYPE_CHECKING:
    from gt_common.lifecycle import StoryState
    from gt_common.messages import (
        BatchHold,
        BatchOpened,
        Event,
        FleetHold,
        StopRules,
        StoryCancelled,
        StoryEvent,
        StoryFailed,
        StorySucceeded,
    )

_KIND: Final = re.compile(r'"type":"(story\.[a-z]+)"')

# Without the size limit of messages.decode_event: what was stored once must stay readable. Each is made when
# something is decoded by it, so that a look at a ledger makes few.


@cache
def _kinds() -> dict[str, type[StoryEvent]]:
    return {str(kind.model_fields["type"].default): kind for kind in get_args(messages.StoryEvent)}


@cache
def _story_events() -> TypeAdapter[StoryEvent]:
    return TypeAdapter(Annotated[messages.StoryEvent, Field(discriminator="type")])


@cache
def _events() -> TypeAdapter[Event]:
    return TypeAdapter(Annotated[messages.Event, Field(discriminator="type")])


@cache
def _holds() -> TypeAdapter[BatchHold]:
    return TypeAdapter(Annotated[messages.BatchHold, Field(discriminator="type")])


@cache
def _fleet_holds() -> TypeAdapter[FleetHold]:
    return TypeAdapter(Annotated[messages.FleetHold, Field(discriminator="type")])


def read_story(
    story_id: str,
    position: int,
    url: str,
    listed: bool,
    title: str | None,
    not_before: str | None,
    body: str | None,
    costs: str | None,
) -> StoryState:
    """Decode a story from its columns."""
    from gt_common.lifecycle import StoryState
    from gt_common.messages.costs import read_costs

    event = read_story_event(body) if body is not None else None
    starts = datetime.fromisoformat(not_before) if not_before else None
    return StoryState(story_id, position, url, event, listed, title, starts, read_costs(costs))


def read_opened(body: str | None) -> BatchOpened | None:
    """Decode the `batch.opened` of a batch."""
    return None if body is None else messages.BatchOpened.model_validate_json(body)


def read_rules(body: str | None) -> StopRules | None:
    """Decode the stop rules of a batch."""
    return None if body is None else messages.StopRules.model_validate_json(body)


def read_hold(body: str | None) -> BatchHold | None:
    """Decode the latest pause or resumption of a batch."""
    return None if body is None else _holds().validate_json(body)


def read_fleet_hold(body: str) -> FleetHold:
    """Decode a pause or resumption of the fleet."""
    return _fleet_holds().validate_json(body)


def read_failed(body: str) -> StoryFailed:
    """Decode the latest event of a failed story."""
    return messages.StoryFailed.model_validate_json(body)


def read_cancelled(body: str) -> StoryCancelled:
    """Decode the latest event of a cancelled story."""
    return messages.StoryCancelled.model_validate_json(body)


def read_story_event(body: str) -> StoryEvent:
    """Decode the latest event of a story."""
    # By its type, so that only the models of what is there are made. Quotes within a text are escaped, and no
    # field before the type has fields of its own.
    if (found := _KIND.search(body)) and (kind := _kinds().get(found[1])):
        return kind.model_validate_json(body)
    return _story_events().validate_json(body)


def read_succeeded(body: str) -> StorySucceeded:
    """Decode the latest event of a successful story."""
    return messages.StorySucceeded.model_validate_json(body)


def read_event(body: str) -> Event:
    """Decode a stored event."""
    return _events().validate_json(body)
