"""Stories that are read without checks are reported as those that were checked."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import pytest
from hypothesis import given
from rich.console import Console

from gt_common.failures import Failure
from gt_common.ledger.plain import Row
from gt_common.ledger.queries.batches import state_of
from gt_common.ledger.unchecked_stories import UncheckedStory, read_unchecked
from gt_common.lifecycle import BatchState, StoryState, fold
from gt_common.messages import (
    AttemptError,
    BatchStories,
    Event,
    StoryCancelled,
    StoryEvent,
    StoryFailed,
    StoryRetrying,
    StorySpent,
    StorySucceeded,
    encode,
)
from gt_common.redaction import hide
from gt_common.report import csv_out, html, json_out, listing, markdown
from gt_common.report.building import WholeBatch
from support.samples.events import BATCH, TIMED_OUT, at, entry, letter, lives, opened, story_event

FORMS: Final[dict[str, Callable[..., None]]] = {
    "json": json_out.write,
    "csv": csv_out.write,
    "markdown": markdown.write,
    "page": partial(html.write, spans=None),
    "table": lambda batch, now, out: out.writelines(listing.lines(batch, now, Console(width=160, file=out))),
}
_SECRET: Final = "hunter2-hunter2"


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


def error(attempt: int, failure: Failure = TIMED_OUT) -> AttemptError:
    """Make the record of a failed attempt."""
    return AttemptError(failure=failure, generation=1, attempt=attempt, started_at=at(0), ended_at=at(5))


def ended() -> BatchState:
    """Return a batch whose stories have everything, or nothing, that one without a video may have."""
    long = Failure(type="T" * 300, message="a long text, " * 200 + "token=abc", traceback="line\n" * 900)
    tried = letter(1).model_copy(update={"attempt": 3, "errors": (error(1), error(2, long), error(3))})
    lost = letter(2).model_copy(update={"attempt": 5, "errors": (error(2),), "died_at": None})
    run = {"worker": "w-1", "started_at": at(1), "duration_s": 4.56789, "project_id": "p-1", "attempt": 3}
    odd = Failure(type="OSError", message='disk\n \x1b[31m"é\u2028', stage=None, retryable=False, log="x")
    events = [
        opened(12),
        BatchStories(batch_id=BATCH, stories=(entry(1, title="A  title"), entry(2, not_before=at(900)))),
        story_event(StoryFailed, 1, 90, **run, failure=long, letter=tried, cost={"voice": 900}),
        story_event(StoryFailed, 2, 30, letter=lost),
        story_event(StoryFailed, 3, 40, failure=odd, generation=2, of_a_later_version={"a": [1]}),
        story_event(StoryFailed, 4, 45, failure={"type": "ValueError", "message": ""}),
        story_event(StoryRetrying, 5, 50, **run, failure=long, until=at(400)),
        story_event(StoryRetrying, 6, 55, until=at(299)),
        story_event(StoryCancelled, 7, 60, letter=tried, reason="wrong | list", cost={"voice": 1}),
        story_event(StoryCancelled, 8, 65, letter=lost, started_at=at(2), attempt=2),
        story_event(StoryCancelled, 9, 70, letter=lost, attempt=2),
        story_event(StoryCancelled, 10, 75, letter=None),
        spent(2, 250),
        spent(9, 70, attempt=2),
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
    write: Callable[..., None], state: BatchState, read: Callable[[Row], StoryState | UncheckedStory]
) -> str:
    """Return what a form of the report writes of a batch."""
    out = io.StringIO(newline="")
    write(WholeBatch(state, lambda: map(read, rows(state))), at(300), out)
    return out.getvalue()


@pytest.mark.parametrize(("batch", "unchecked"), [(made, 5), (ended, 10)])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_the_same_of_them(form: str, batch: Callable[[], BatchState], unchecked: int) -> None:
    state = batch()
    read = {row[0]: read_unchecked(row) for row in rows(state)}
    assert sum(story is not None for story in read.values()) == unchecked
    quick = written(FORMS[form], state, lambda row: read_unchecked(row) or state_of(row))
    assert quick == written(FORMS[form], state, state_of)


@given(lives())
def test_so_it_is_for_any_events(events: list[Event]) -> None:
    state = fold(BATCH, events)
    for form in (json_out.write, csv_out.write, FORMS["page"]):
        quick = written(form, state, lambda row: read_unchecked(row) or state_of(row))
        assert quick == written(form, state, state_of)


def test_an_event_of_another_version_is_left_to_the_checks() -> None:
    [row] = rows(fold(BATCH, [story_event(StorySucceeded)]))
    assert read_unchecked(row) is not None
    later = (*row[:6], row[6].replace('"v":1', '"v":2'), row[7])
    assert read_unchecked(later) is None
    other = '{"v":1,"type":"story.started","of_a_later_version":{"type":"story.succeeded"}}'
    assert read_unchecked((*row[:6], other, None)) is None


@pytest.mark.parametrize("kind", [StoryFailed, StoryRetrying])
def test_a_secret_that_the_one_who_stored_it_did_not_know_stays_hidden(
    kind: type[StoryEvent],
) -> None:
    failure = {"type": "OSError", "message": f"no {_SECRET} " + "x" * 2000, "stage": f"at {_SECRET}"}
    [row] = rows(fold(BATCH, [story_event(kind, failure=failure)]))
    assert row[6].count(_SECRET) == 2
    hide(_SECRET)
    story = read_unchecked(row)
    assert story is not None
    assert story.failure is not None
    assert story.failure.message.startswith("no *** xxx")
    assert story.failure.stage == "at ***"


def test_of_an_event_without_a_fingerprint_or_bounds_as_another_program_may_store_it() -> None:
    state = fold(BATCH, [opened(1), story_event(StoryFailed)])
    [row] = rows(state)
    event = json.loads(row[6])
    del event["failure"]["fingerprint"], event["failure"]["retryable"]
    event["failure"]["message"] = "api_key=abcdefgh " + "no answer, " * 400
    other = (*row[:6], json.dumps(event, separators=(",", ":")), None)
    for write in FORMS.values():
        unchecked = written(write, state, lambda _: read_unchecked(other) or state_of(other))
        assert unchecked == written(write, state, lambda _: state_of(other))
        assert "abcdefgh" not in unchecked
