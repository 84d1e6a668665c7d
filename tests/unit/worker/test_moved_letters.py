"""Dead letters that were moved to the story queue by hand: tried again, and never acked away."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from gt_common.failures import Failure
from gt_common.messages import MAX_BODY, StoryMessage, StoryRequeued, encode
from gt_common.settings import Settings, load_settings
from gt_consumer.runner.outcomes import FailedForGood
from gt_consumer.worker.moved_letters import BY
from gt_consumer.worker.worker import Worker
from support.fakes.worker import FakeDelivery, RecordingPublisher, ScriptedRunner, message

GONE = FailedForGood(Failure(type="ValueError", message="no text"), None, 1.0)
IN_STORIES = {"x-death": [{"reason": "delivery_limit", "queue": "gt.stories", "count": 1}]}
IN_WAIT = {"x-death": [{"reason": "expired", "queue": "gt.retry.10s", "count": 1}]}


@pytest.fixture
def plain(tmp_path: Path) -> Settings:
    return load_settings(prefetch=2, output=tmp_path, worker_name="w1")


async def receive(worker: Worker, delivery: FakeDelivery) -> None:
    worker.receive(delivery)
    async with asyncio.timeout(5):
        await worker.wait_until_quiet()


async def test_letter_moved_back_to_the_worker_that_settled_it_is_tried_again(plain: Settings) -> None:
    book, script = RecordingPublisher(), ScriptedRunner(GONE)
    worker = Worker(plain, script, book)
    await receive(worker, FakeDelivery(book, encode(message())))
    letter = book.found("dead", StoryMessage)
    book.lines.clear()
    await receive(worker, FakeDelivery(book, encode(letter)))
    assert book.names() == ["story", "story.requeued", "ack"]
    story = book.found("story", StoryMessage)
    assert (story.generation, story.attempt, story.errors, story.died_at) == (2, 1, (), None)
    event = book.found("story.requeued", StoryRequeued)
    assert (event.generation, event.by, event.reason) == (2, BY, story.replays[-1].reason)
    assert script.attempts == [1], "the worker that takes the new message runs it"


@pytest.mark.parametrize(
    ("headers", "died_of", "moved"),
    [
        (IN_STORIES, "delivery_limit", True),
        ({"gt-reason": "its content type is text/plain"}, None, True),
        (IN_WAIT, "expired", False),
        ({"x-death": [*IN_WAIT["x-death"], *IN_STORIES["x-death"]]}, "expired", True),
        ({"x-death": "no list"}, None, False),
    ],
)
async def test_letter_without_a_time_of_death_is_known_by_its_headers(
    plain: Settings, headers: Mapping[str, object], died_of: str | None, moved: bool
) -> None:
    book = RecordingPublisher()
    script = ScriptedRunner(GONE)
    await receive(Worker(plain, script, book), FakeDelivery(book, encode(message()), 0, headers, died_of))
    assert book.names()[:1] == (["story"] if moved else ["dead"])
    assert script.attempts == ([] if moved else [1])


async def test_letter_without_room_for_more_errors_goes_back_to_the_dead_letter_queue(
    plain: Settings,
) -> None:
    large = message(options={"text": "x" * (MAX_BODY - 100_000)}, died_at=message().published_at)
    book = RecordingPublisher()
    await receive(Worker(plain, ScriptedRunner(), book), FakeDelivery(book, encode(large)))
    assert book.names() == ["dead", "ack"]
    assert book.found("dead", StoryMessage) == large
