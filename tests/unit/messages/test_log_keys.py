"""The keys of log lines about a story."""

from __future__ import annotations

import asyncio

import pytest
import structlog
from structlog.testing import capture_logs

from gt_common.log import context_logger, get_logger, log_context
from gt_common.messages import BatchPaused, FleetPaused, StoryStarted, header_log_keys, log_keys
from support.samples.events import BATCH, fleet_hold, hold, letter, opened, story_event

MERGE = [structlog.contextvars.merge_contextvars]


def test_a_message_and_its_events_have_the_same_keys() -> None:
    story = letter()
    keys = log_keys(story, "w1")
    assert keys == {
        "batch_id": story.batch_id,
        "story_id": story.story_id,
        "attempt": story.attempt,
        "worker": "w1",
    }
    assert log_keys(story_event(StoryStarted, worker="w2")).keys() == keys.keys()
    assert log_keys(story_event(StoryStarted, worker="w2"))["worker"] == "w2"


def test_an_event_of_a_batch_has_the_batch_only() -> None:
    assert log_keys(opened(3, batch_id="b9")) == {"batch_id": "b9"}
    assert log_keys(hold(BatchPaused)) == {"batch_id": BATCH}
    assert log_keys(fleet_hold(FleetPaused)) == {}


@pytest.mark.parametrize(
    ("headers", "keys"),
    [
        ({}, {}),
        ({"gt-batch-id": "b1"}, {}),
        ({"gt-batch-id": 7, "gt-story-id": "s1"}, {}),
        (
            {"gt-batch-id": "b1", "gt-story-id": "s" * 99, "gt-attempt": "x"},
            {"batch_id": "b1", "story_id": "s" * 64, "attempt": None, "worker": "w1"},
        ),
        (
            {"gt-batch-id": "b1", "gt-story-id": "s1", "gt-attempt": 2},
            {"batch_id": "b1", "story_id": "s1", "attempt": 2, "worker": "w1"},
        ),
    ],
)
def test_headers_name_the_story_of_an_unreadable_message(
    headers: dict[str, object], keys: dict[str, object]
) -> None:
    assert header_log_keys(headers, "w1") == keys


async def test_lines_below_and_tasks_started_inside_carry_the_keys_and_later_lines_do_not() -> None:
    log = get_logger("part")

    async def below() -> None:
        log.info("line_written")

    with capture_logs(processors=MERGE) as logs:
        with log_context(log_keys(letter(), "w1")):
            await asyncio.create_task(below())
        log.info("line_written")
    assert (logs[0]["story_id"], logs[0]["worker"]) == (letter().story_id, "w1")
    assert logs[1].keys() & {"batch_id", "story_id", "attempt", "worker"} == set()


def test_what_an_inner_message_does_not_say_stays_as_around_it() -> None:
    outer, inner = log_context(log_keys(letter(), "w1")), log_context(log_keys(letter(2)))
    with capture_logs(processors=MERGE) as logs, outer, inner:
        get_logger("part").info("line_written")
    assert (logs[0]["story_id"], logs[0]["worker"]) == (letter(2).story_id, "w1")


def test_a_context_logger_keeps_the_keys_of_where_it_was_made() -> None:
    with log_context({"story_id": "s1"}):
        log = context_logger("part")
    with capture_logs() as logs:
        log.info("line_written")
    assert logs[0]["story_id"] == "s1"
