"""A worker and a story that must not start before its time."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from gt_common.failures import Failure
from gt_common.lifecycle import StoryStatus
from gt_common.messages import START, Priority, Replay, StoryMessage, encode, utc_now
from gt_common.settings import Settings, load_settings
from gt_consumer.runner.outcomes import FailedForNow, Interrupted, Outcome, Succeeded, Waiting
from gt_consumer.worker.worker import Worker
from support.fakes.worker import FakeDelivery, RecordingPublisher, ScriptedRunner, message

DONE = Succeeded(Path("/videos/1.mp4"), "p1", 3.0, 60.0)
OOPS = Failure(type="TimeoutError", message="no answer", stage="voice")


@pytest.fixture
def plain(tmp_path: Path) -> Settings:
    return load_settings(prefetch=2, output=tmp_path, worker_name="w1", retry_delays="10s,1m")


def starting(seconds: float) -> StoryMessage:
    """Make the message of a story that may start in so many seconds."""
    start = utc_now() + timedelta(seconds=seconds)
    return message().model_copy(update={"not_before": start, "waits_for": START})


async def play(
    settings: Settings, script: ScriptedRunner, story: StoryMessage
) -> tuple[RecordingPublisher, Worker]:
    book = RecordingPublisher()
    worker = Worker(settings, script, book)
    worker.receive(FakeDelivery(book, encode(story)))
    async with asyncio.timeout(5):
        await worker.wait_until_quiet()
    return book, worker


async def test_a_story_that_comes_early_waits_again_without_an_event(plain: Settings) -> None:
    script, story = ScriptedRunner(DONE), starting(30)
    book, worker = await play(plain, script, story)
    (published, acked) = book.lines
    assert published[0].startswith("retry 29.")
    assert acked == ("ack", None)
    again = published[1]
    assert isinstance(again, StoryMessage)
    assert (again.starts_at, again.run, again.attempt) == (story.not_before, 1, 1)
    assert (script.attempts, worker.counts) == ([], {StoryStatus.QUEUED: 1})


async def test_a_story_that_comes_a_moment_early_starts_at_its_time(plain: Settings) -> None:
    story = starting(0.15)
    book, _ = await play(plain, ScriptedRunner(DONE), story)
    assert book.names() == ["story.succeeded", "ack"]
    assert story.not_before is not None
    assert utc_now() >= story.not_before


async def test_a_worker_that_stops_meanwhile_requeues_it(plain: Settings) -> None:
    book = RecordingPublisher()
    worker = Worker(plain, ScriptedRunner(DONE), book)
    worker.receive(FakeDelivery(book, encode(starting(0.9))))
    await asyncio.sleep(0)
    worker.stop_starting()
    async with asyncio.timeout(0.5):
        await worker.wait_until_quiet()
    assert book.names() == ["story.released", "story", "ack"]


async def test_a_time_that_has_passed_delays_nothing(plain: Settings) -> None:
    book, _ = await play(plain, ScriptedRunner(DONE), starting(-30))
    assert book.names() == ["story.succeeded", "ack"]


@pytest.mark.parametrize(
    ("outcome", "name"),
    [
        (FailedForNow(OOPS, None, 1.0), "retry 10"),
        (Waiting("gemini", 42.0), "retry 42"),
        (Interrupted(), "story"),
    ],
)
async def test_a_priority_is_kept_whatever_becomes_of_the_story(
    plain: Settings, outcome: Outcome, name: str
) -> None:
    urgent = message().model_copy(update={"priority": Priority.HIGH})
    book, _ = await play(plain, ScriptedRunner(outcome), urgent)
    assert book.found(name, StoryMessage).priority is Priority.HIGH


async def test_a_replay_keeps_the_priority_and_starts_at_once(plain: Settings) -> None:
    late = starting(-1).model_copy(update={"priority": Priority.LOW, "attempt": 3})
    book, _ = await play(plain, ScriptedRunner(FailedForNow(OOPS, None, 1.0)), late)
    replayed = book.found("dead", StoryMessage).replayed(Replay(at=utc_now(), by="anna"))
    assert (replayed.priority, replayed.starts_at) == (Priority.LOW, None)
