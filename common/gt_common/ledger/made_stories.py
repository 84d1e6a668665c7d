"""Stories with a video, as a ledger has them: most of a large batch, read in a fifth of the time.

An event is checked before it is stored, so that one of this version need not be checked again when it is
read. Reports that go through every story read those with a video here; a test compares with what
`stored.read_story` makes of the same rows.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from pydantic_core import from_json

from gt_common.ledger.plain import Row
from gt_common.lifecycle import StoryStatus
from gt_common.messages.costs import read_costs

_MARK: Final = '"type":"story.succeeded"'
_VERSION: Final = 1


class MadeStory(NamedTuple):
    """A story whose video was made, with what reports show of it; see `StorySucceeded` and `StoryState`.

    Parameters:
        cost, cost_wasted: millionths of the currency; None if no run has said any
    """

    story_id: str
    position: int
    url: str
    title: str | None
    at: datetime
    generation: int
    attempt: int
    run: int
    worker: str | None
    started_at: str | None
    project_id: str | None
    output_path: str
    duration_s: float | None
    video_s: float | None
    cost: int | None
    cost_wasted: int | None

    @property
    def status(self) -> StoryStatus:
        """The story's status."""
        return StoryStatus.SUCCESS


def read_made(row: Row) -> MadeStory | None:
    """Return the story of a row of STORY; None for one without a video, and for an event of another version.

    Raises:
        KeyError, ValueError: the event is none that this version writes
    """
    story_id, position, url, _listed, title, _not_before, body, costs = row
    if body is None or _MARK not in body:
        return None
    # Without a cache of values: nearly all of them differ.
    event = from_json(body, cache_strings="keys")
    if event["type"] != "story.succeeded" or event["v"] != _VERSION:
        return None
    get = event.get
    generation, attempt, run = event["generation"], event["attempt"], event["run"]
    cost = wasted = None
    if costs is not None:
        spent = read_costs(costs)
        made_in = get("made_in")
        cost = spent.total
        wasted = spent.without((tuple(made_in) if made_in else (generation, attempt, run),))
    return MadeStory(
        story_id,
        position,
        url,
        title,
        datetime.fromisoformat(event["at"]),
        generation,
        attempt,
        run,
        get("worker"),
        get("started_at"),
        get("project_id"),
        event["output_path"],
        get("duration_s"),
        get("video_s"),
        cost,
        wasted,
    )
