"""Stories with a video are read without checks, and reported as those that were checked."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import pytest
from hypothesis import given

from gt_common.ledger.made_stories import MadeStory, read_made
from gt_common.ledger.plain import Row
from gt_common.ledger.queries.batches import state_of
from gt_common.lifecycle import BatchState, StoryState, fold
from gt_common.messages import BatchStories, Event, StorySpent, StorySucceeded, encode
from gt_common.report import csv_out, html, json_out, markdown
from gt_common.report.building import WholeBatch
from support.samples.events import BATCH, at, entry, lives, opened, story_event

FORMS: Final[dict[str, Callable[..., None]]] = {
    "json": json_out.write,
    "csv": csv_out.write,
    "markdown": markdown.write,
    "page": partial(html.write, spans=None),
}


def spent(number: int, cost: int, **given: object) -> Event:
    """Make the event of a run that has spent something."""
    event = story_event(StorySucceeded, number).model_dump(exclude={"type", "output_path", "event_id"})
    return StorySpent.model_validate(event | {"cost": {"voice": cost}} | given)


def made() -> BatchState:
    """Return a batch whose stories have everything, or nothing, that a success may have."""
    longest = {"started_at": at(1), "worker": "w-1", "duration_s": 12.3456, "video_s": 0.00001}
    events = [
        opened(7),
        BatchStories(batch_id=BATCH, stories=(entry(1, title="A  title\twith gaps"), entry(2))),
        story_event(StorySucceeded, 1, 90, **longest, project_id="p-1", cost={"voice": 900}),
        story_event(StorySucceeded, 2, 30, generation=2, attempt=3, run=1),
        story_event(StorySucceeded, 3, 40, attempt=2, made_in=(1, 1, 0), output_path="videos//a/../b.mp4"),
        spent(3, 250),
        spent(3, 70, attempt=2),
        story_event(StorySucceeded, 4, 45, output_path="", url='https://example.org/"<b>\u2028é/'),
        story_event(StorySucceeded, 5, 50, made_from={"options": "0" * 64}, of_a_later_version={"a": [1]}),
        spent(6, 10),
    ]
    return fold(BATCH, events)


def rows(state: BatchState) -> Iterator[Row]:
    """Yield the stories of a batch as a ledger has them."""
    for story in sorted(state.stories.values(), key=lambda story: (story.position, story.story_id)):
        event = None if story.event is None else encode(story.event).decode()
        starts = story.not_before and story.not_before.isoformat()
        costs = story.costs.to_json()
        line = story.story_id, story.position, story.url, story.listed, story.title
        yield *line, starts, event, costs


def written(
    write: Callable[..., None], state: BatchState, read: Callable[[Row], StoryState | MadeStory]
) -> str:
    """Return what a form of the report writes of a batch."""
    out = io.StringIO(newline="")
    write(WholeBatch(state, lambda: map(read, rows(state))), at(300), out)
    return out.getvalue()


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_the_same_of_them(form: str) -> None:
    state = made()
    read = {row[0]: read_made(row) for row in rows(state)}
    assert sum(story is not None for story in read.values()) == 5
    quick = written(FORMS[form], state, lambda row: read_made(row) or state_of(row))
    assert quick == written(FORMS[form], state, state_of)


@given(lives())
def test_so_it_is_for_any_events(events: list[Event]) -> None:
    state = fold(BATCH, events)
    for form in (json_out.write, csv_out.write):
        quick = written(form, state, lambda row: read_made(row) or state_of(row))
        assert quick == written(form, state, state_of)


def test_an_event_of_another_version_is_left_to_the_checks() -> None:
    [row] = rows(fold(BATCH, [story_event(StorySucceeded)]))
    assert read_made(row) is not None
    later = (*row[:6], row[6].replace('"v":1', '"v":2'), row[7])
    assert read_made(later) is None
    other = '{"v":1,"type":"story.failed","letter":{"type":"story.succeeded"}}'
    assert read_made((*row[:6], other, None)) is None
