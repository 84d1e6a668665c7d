"""Where starts are limited, a lost worker costs an attempt only those stories that it had begun."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from gt_common.messages import StoryMessage, StorySucceeded, encode
from gt_common.settings import Settings, load_settings
from gt_consumer.limits.run_starts import run_key
from gt_consumer.runner.outcomes import Succeeded
from gt_consumer.worker.worker import Worker
from support.fakes.worker import FakeDelivery, RecordingPublisher, ScriptedRunner, message

MADE = Succeeded(Path("/tmp/v.mp4"), "p", 1.0, 61.0)


class StartPermits:
    """A limiter that gives a turn when the test says so, and a stream that tells of starts."""

    def __init__(self) -> None:
        self.asked, self.may_start = asyncio.Event(), asyncio.Event()
        self.told: Counter[str] = Counter()

    async def acquire(self, _provider: str) -> None:
        self.asked.set()
        await self.may_start.wait()

    async def pause(self, _provider: str, _until: datetime) -> None:
        raise AssertionError("nobody asked to wait")

    async def record_start(self, story: StoryMessage) -> None:
        self.told[run_key(story)] += 1

    def count_starts(self, story: StoryMessage) -> int:
        return self.told[run_key(story)]


@pytest.fixture
def limited(tmp_path: Path) -> Settings:
    return load_settings(output=tmp_path, worker_name="w1", rate_limits="stories=20/hour")


async def run(settings: Settings, permits: StartPermits, story: StoryMessage, losses: int) -> StorySucceeded:
    book, script = RecordingPublisher(), ScriptedRunner(MADE)
    worker = Worker(settings, script, book, limiter=permits, starts=permits)
    worker.receive(FakeDelivery(book, encode(story), losses))
    permits.may_start.set()
    async with asyncio.timeout(5):
        await worker.wait_until_quiet()
    return book.found("story.succeeded", StorySucceeded)


async def test_a_story_that_only_waited_for_its_start_is_not_charged(limited: Settings) -> None:
    permits = StartPermits()
    assert (await run(limited, permits, message(), losses=2)).attempt == 1
    assert permits.told == {"b/s1/1/1/0": 1}


async def test_a_story_that_had_begun_is_charged_for_each_start(limited: Settings) -> None:
    permits = StartPermits()
    await permits.record_start(message())
    assert (await run(limited, permits, message(), losses=2)).attempt == 2
    assert permits.told["b/s1/1/1/0"] == 2, "named as the message is, which every worker sees alike"


async def test_what_is_heard_while_it_waits_counts(limited: Settings) -> None:
    book, permits = RecordingPublisher(), StartPermits()
    worker = Worker(limited, ScriptedRunner(MADE), book, limiter=permits, starts=permits)
    worker.receive(FakeDelivery(book, encode(message()), 1))
    await permits.asked.wait()
    await permits.record_start(message())
    permits.may_start.set()
    async with asyncio.timeout(5):
        await worker.wait_until_quiet()
    assert book.found("story.succeeded", StorySucceeded).attempt == 2


async def test_a_story_that_is_given_back_unbegun_tells_of_no_start(limited: Settings) -> None:
    book, permits = RecordingPublisher(), StartPermits()
    worker = Worker(limited, ScriptedRunner(), book, limiter=permits, starts=permits)
    worker.receive(FakeDelivery(book, encode(message()), 1))
    worker.stop_starting()
    async with asyncio.timeout(5):
        await worker.wait_until_quiet()
    assert book.found("story", StoryMessage).attempt == 1
    assert not permits.told
