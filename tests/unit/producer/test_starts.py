"""Start times of gt-produce: what a batch that is continued keeps, and what is said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gt_common.cli.starts import say_start
from gt_common.errors import PublishFailedError
from gt_common.lifecycle import fold
from gt_common.messages import START, BatchStories, Priority, utc_now
from gt_common.stories import Story, read_list
from gt_common.stories.schedule import Schedule
from gt_common.stories.sources import Sources
from gt_producer.produce.journal import Journal
from gt_producer.produce.journal_state import JournalState
from gt_producer.produce.plan import make_header, make_plan
from gt_producer.produce.publish import publish_batch
from gt_producer.produce.request import Request
from gt_producer.produce.starts import plan_schedule
from support.fakes.publisher import MemoryPublisher

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def stories(*lines: str) -> Sequence[Story]:
    reading = read_list(lines, "urls.txt", Path("/"))
    assert reading.problems == ()
    return reading.stories


LISTED = stories("https://redd.it/a", "https://redd.it/b", "https://redd.it/c")


def request(start_after: str | None = None, priority: Priority | None = None) -> Request:
    return Request(Sources(), start_after=start_after, priority=priority)


async def publish(
    publisher: MemoryPublisher, folder: Path, asked: Request, now: datetime, listed: Sequence[Story] = LISTED
) -> Schedule | None:
    header = make_header("b", "gt", listed, None, {})
    with Journal.open(folder, "b") as journal:
        schedule = plan_schedule(asked, header, listed, journal.state, now)
        plan = make_plan(header, listed, journal.state, schedule=schedule)
        await publish_batch(publisher, journal, header, plan, lambda _done, _count: None)
    return schedule


@pytest.mark.parametrize("again", ["2h", None])
async def test_a_batch_that_is_continued_keeps_its_start_time(tmp_path: Path, again: str | None) -> None:
    broken, whole = MemoryPublisher(fail_at=1), MemoryPublisher()
    with pytest.raises(PublishFailedError):
        await publish(broken, tmp_path, request("2h", Priority.LOW), NOON)
    await publish(whole, tmp_path, request(again), NOON + timedelta(hours=1))
    sent = [*broken.stories, *whole.stories]
    assert {story.position for story in sent} == {1, 2, 3}
    assert {(story.not_before, story.waits_for) for story in sent} == {(NOON + timedelta(hours=2), START)}
    assert {story.priority for story in sent} == {Priority.LOW}


async def test_another_start_time_is_counted_from_now(tmp_path: Path) -> None:
    broken, whole = MemoryPublisher(fail_at=1), MemoryPublisher()
    with pytest.raises(PublishFailedError):
        await publish(broken, tmp_path, request("2h"), NOON)
    await publish(whole, tmp_path, request("3h"), NOON + timedelta(hours=1))
    assert {story.not_before for story in whole.stories} == {NOON + timedelta(hours=4)}


async def test_the_list_has_the_start_times_for_the_reports(tmp_path: Path) -> None:
    listed = stories("https://redd.it/a", '{"url": "https://redd.it/b", "start_after": "3h"}')
    publisher = MemoryPublisher()
    await publish(publisher, tmp_path, request("2h"), NOON, listed)
    state = fold("b", publisher.events)
    starts = {story.position: story.not_before for story in state.stories.values()}
    assert starts == {1: NOON + timedelta(hours=2), 2: NOON + timedelta(hours=3)}
    assert [story.not_before for story in publisher.stories] == [starts[1], starts[2]]


async def test_without_any_of_it_messages_and_lists_are_as_before(tmp_path: Path) -> None:
    publisher = MemoryPublisher()
    assert await publish(publisher, tmp_path, request(), NOON) is None
    assert {(story.not_before, story.priority) for story in publisher.stories} == {(None, Priority.NORMAL)}
    (part,) = [event for event in publisher.events if isinstance(event, BatchStories)]
    assert b"not_before" not in part.model_dump_json(exclude_none=True).encode()
    assert "schedule" not in (tmp_path / "b.jsonl").read_text()


def said(start_after: str, *lines: str) -> str:
    listed = stories(*lines) if lines else LISTED
    header = make_header("b", "gt", listed, None, {})
    return say_start(plan_schedule(request(start_after), header, listed, JournalState(), utc_now()), listed)


def test_it_is_said_when_stories_start() -> None:
    assert said("2h").startswith("starts at ")
    assert said("2h").endswith(", in 2 h")
    assert said("2001-01-01") == "starts at once, because 2001-01-01 has passed"
    some = said("0s", "https://redd.it/a", '{"url": "https://redd.it/b", "start_after": "3h"}')
    assert some.startswith("1 of 2 stories starts later: at ")
    two = said("1h", "https://redd.it/a", '{"url": "https://redd.it/b", "start_after": "3h"}')
    assert two.startswith("2 stories start later: the first at ")
    assert say_start(None, LISTED) == ""
    assert say_start(Schedule(utc_now(), priority=Priority.LOW), LISTED) == ""


def test_the_command_that_continues_has_the_flags() -> None:
    command = request("22:00", Priority.HIGH).resume_command("b")
    assert command == "gt-produce --batch-id b --start-after 22:00 --priority high"
