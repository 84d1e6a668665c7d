"""Stories as a ledger has them, read without checks: most of a large batch, in a small part of the time.

An event is checked before it is stored, so that one of this version need not be checked again when it is
read. Reports that go through every story read here those with a video, and those that failed, wait for
another attempt or are cancelled, whose events carry up to six failures with traceback and log. Of these only
what is shown is bounded and redacted again: secrets that this process knows, and the one that stored them did
not, stay hidden. A test compares with what `stored.read_story` makes of the same rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from pydantic_core import from_json

from gt_common.failures import FailureSummary, summary_of
from gt_common.ledger.plain import Row
from gt_common.lifecycle import StoryStatus
from gt_common.messages.costs import read_costs
from gt_common.messages.story import attempts_used

_STATUSES: Final = {
    "story.succeeded": StoryStatus.SUCCESS,
    "story.failed": StoryStatus.FAILED,
    "story.retrying": StoryStatus.RETRYING,
    "story.cancelled": StoryStatus.CANCELLED,
}
_KIND: Final = re.compile(f'"type":"(?:{"|".join(map(re.escape, _STATUSES))})"')
_VERSION: Final = 1
_Fields = Mapping[str, Any]
"""The fields of an event or message, as they were stored."""


class Cancel(NamedTuple):
    """Who cancelled a story or discarded its dead letter, and why."""

    by: str
    reason: str | None


class _Ending(NamedTuple):
    """The last fields of `UncheckedStory`."""

    ended_at: datetime
    attempts: int
    failure: FailureSummary | None = None
    until: datetime | None = None
    cancel: Cancel | None = None


class UncheckedStory(NamedTuple):
    """A story with what reports show of it and of its latest event; see `StoryEvent` and `StoryState`.

    Parameters:
        cost, cost_wasted: millionths of the currency; None if no run has said any
        ended_at: when the attempt ended, or a discarded dead letter died
        attempts: those that it has used up in its generation
        until: when the next attempt may begin
    """

    story_id: str
    position: int
    url: str
    title: str | None
    status: StoryStatus
    at: datetime
    generation: int
    attempt: int
    run: int
    worker: str | None
    started_at: str | None
    project_id: str | None
    output_path: str | None
    duration_s: float | None
    video_s: float | None
    cost: int | None
    cost_wasted: int | None
    ended_at: datetime
    attempts: int
    failure: FailureSummary | None
    until: datetime | None
    cancel: Cancel | None


def read_unchecked(row: Row) -> UncheckedStory | None:
    """Return the story of a row of STORY; None for one at another status or with an event of another version.

    Raises:
        KeyError, ValueError: the event is none that this version writes
    """
    story_id, position, url, _listed, title, _not_before, body, costs = row
    if body is None or not _KIND.search(body):
        return None
    # Without a cache of values: nearly all of them differ.
    event: _Fields = from_json(body, cache_strings="keys")
    status = _STATUSES.get(event["type"])
    if status is None or event["v"] != _VERSION:
        return None
    get, at, attempt = event.get, _time(event["at"]), event["attempt"]
    made = status is StoryStatus.SUCCESS
    ending = _Ending(at, attempt) if made else _ending_of(event, status, at)
    cost, wasted = (None, None) if costs is None else _costs_of(event, costs, made=made)
    return UncheckedStory(
        story_id,
        position,
        url,
        title,
        status,
        at,
        event["generation"],
        attempt,
        event["run"],
        get("worker"),
        get("started_at"),
        get("project_id"),
        get("output_path"),
        get("duration_s"),
        get("video_s"),
        cost,
        wasted,
        *ending,
    )


def _ending_of(event: _Fields, status: StoryStatus, at: datetime) -> _Ending:
    """Return how a story ended, for now at least, that has no video."""
    attempt, letter = event["attempt"], event.get("letter")
    if status is StoryStatus.CANCELLED:
        died_at = letter.get("died_at") if letter else None
        used = attempt if died_at or event.get("started_at") else attempt - 1
        cancel = Cancel(event["by"], event.get("reason"))
        return _Ending(_time(died_at) if died_at else at, used, cancel=cancel)
    failure = summary_of(event["failure"])
    if status is StoryStatus.RETRYING:
        return _Ending(at, attempt, failure, _time(event["until"]))
    return _Ending(at, _used(letter) if letter else attempt, failure)


def _used(letter: _Fields) -> int:
    errors = letter.get("errors")
    return attempts_used(letter.get("attempt", 1), errors[-1]["attempt"] if errors else None)


def _costs_of(event: _Fields, costs: str, *, made: bool) -> tuple[int | None, int]:
    """Return what a story has cost, and what of it was wasted."""
    spent = read_costs(costs)
    made_in = tuple(event.get("made_in") or (event["generation"], event["attempt"], event["run"]))
    return spent.total, spent.without((made_in,) if made else ())


_time = datetime.fromisoformat
