"""What a worker does with cancelled stories: it drops them wherever they are, and tells the ledger."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gt_common.errors import PublishFailedError
from gt_common.failures import Failure
from gt_common.lifecycle import StoryStatus
from gt_common.messages import MAX_BODY, AttemptError, StoryCancelled, StoryMessage, encode, utc_now
from gt_common.messaging.control.notices import CancelNotice, HoldNotice
from gt_common.settings import Settings, load_settings
from gt_consumer.runner.outcomes import (
    FailedForGood,
    FailedForNow,
    Interrupted,
    Outcome,
    Succeeded,
    Unfit,
    Waiting,
)
from gt_consumer.worker.worker import Worker
from support.fakes.worker import FakeDelivery, RecordingPublisher, ScriptedRunner, message

MADE = Succeeded(Path("/videos/1.mp4"), "p1", 3.0, 60.0)
OOPS = Failure(type="TimeoutError", message="no answer", stage="voice")
AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def cancel(*stories: str, generation: int = 1, running: str = "stop", batch: str = "b") -> CancelNotice:
    """Return the order to cancel stories."""
    return CancelNotice.model_validate(
        {
            "at": AT,
            "by": "ann@desk",
            "reason": "wrong list",
            "batch_id": batch,
            "stories": [(story, generation) for story in stories or ("s1",)],
            "running": running,
        }
    )


class OrderStream:
    """A stream of orders that is read when the test says so."""

    def __init__(self, *, ready: bool) -> None:
        self._read = asyncio.Event()
        self.renewed = 0
        if ready:
            self._read.set()

    @property
    def ready(self) -> bool:
        return self._read.is_set()

    async def wait_ready(self) -> None:
        await self._read.wait()

    def renew(self) -> None:
        self.renewed += 1
        self._read.clear()

    def end(self) -> None:
        """Let it be read."""
        self._read.set()


class NeverPermits:
    """A limiter that never lets a story start."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def acquire(self, _provider: str) -> None:
        self.asked.set()
        await asyncio.Event().wait()

    async def pause(self, _provider: str, _until: datetime) -> None:
        raise AssertionError("nobody asked to wait")


@pytest.fixture
def plain(tmp_path: Path) -> Settings:
    return load_settings(prefetch=2, output=tmp_path, worker_name="w1", retry_delays="10s,1m")


async def quiet(worker: Worker) -> None:
    async with asyncio.timeout(5):
        await worker.wait_until_quiet()


async def test_a_delivered_story_that_is_cancelled_is_dropped_with_its_letter(plain: Settings) -> None:
    book, script = RecordingPublisher(), ScriptedRunner()
    worker = Worker(plain, script, book)
    worker.obey(cancel())
    story = message(attempt=2)
    worker.receive(FakeDelivery(book, encode(story)))
    await quiet(worker)
    assert book.names() == ["story.cancelled", "ack"]
    event = book.found("story.cancelled", StoryCancelled)
    assert event.letter == story
    assert (event.at, event.by, event.reason, event.attempt) == (AT, "ann@desk", "wrong list", 2)
    assert (event.worker, event.started_at) == (None, None), "it did not run"
    assert event.purge_at == AT + timedelta(seconds=plain.discard_keep)
    assert (script.attempts, worker.counts) == ([], {StoryStatus.CANCELLED: 1})


@pytest.mark.parametrize(
    "order",
    [
        cancel("s2"),
        cancel(generation=2),
        cancel(batch="another"),
        HoldNotice(at=AT, by="ann@desk", batch_id="b"),
    ],
)
async def test_other_orders_leave_a_story_alone(plain: Settings, order: CancelNotice | HoldNotice) -> None:
    book = RecordingPublisher()
    worker = Worker(plain, ScriptedRunner(MADE), book)
    worker.obey(order)
    worker.receive(FakeDelivery(book, encode(message())))
    await quiet(worker)
    assert book.names() == ["story.succeeded", "ack"]


async def test_a_replay_is_not_dropped_by_the_cancel_of_the_generation_before(plain: Settings) -> None:
    book = RecordingPublisher()
    worker = Worker(plain, ScriptedRunner(MADE), book)
    worker.obey(cancel(generation=1))
    worker.receive(FakeDelivery(book, encode(message(generation=2))))
    await quiet(worker)
    assert book.names() == ["story.succeeded", "ack"]


async def test_a_running_story_is_stopped_and_costs_no_attempt(plain: Settings) -> None:
    book, script = RecordingPublisher(), ScriptedRunner()
    script.may_end.clear()
    worker = Worker(plain, script, book)
    worker.receive(FakeDelivery(book, encode(message(attempt=2, project_id="p1"))))
    await script.begun.acquire()
    worker.obey(cancel())
    await quiet(worker)
    assert book.names() == ["story.cancelled", "ack"]
    event = book.found("story.cancelled", StoryCancelled)
    assert (event.worker, event.attempt, event.run) == ("w1", 2, 0)
    assert event.started_at is not None, "the run ends with it"
    assert event.letter is not None
    assert (event.letter.attempt, event.letter.errors, event.letter.project_id) == (2, (), "p1")
    assert script.stopped == ["s1"]


async def test_a_success_within_the_grace_stays_a_success(plain: Settings) -> None:
    book, script = RecordingPublisher(), ScriptedRunner(MADE)
    script.may_end.clear()
    worker = Worker(plain, script, book)
    worker.receive(FakeDelivery(book, encode(message())))
    await script.begun.acquire()
    worker.obey(cancel())
    await quiet(worker)
    assert book.names() == ["story.succeeded", "ack"]


@pytest.mark.parametrize(
    "outcome",
    [
        FailedForNow(OOPS, "p2", 1.0),
        FailedForGood(OOPS, "p2", 1.0),
        Waiting("gemini", 42.0, "p2"),
        Interrupted("p2"),
        Unfit("disk full", "p2"),
    ],
    ids=lambda outcome: type(outcome).__name__,
)
@pytest.mark.parametrize("running", ["stop", "finish"])
async def test_whatever_is_not_a_success_ends_as_cancelled(
    plain: Settings, outcome: Outcome, running: str
) -> None:
    book, script = RecordingPublisher(), ScriptedRunner(outcome)
    script.may_end.clear()
    worker = Worker(plain, script, book)
    worker.receive(FakeDelivery(book, encode(message())))
    await script.begun.acquire()
    worker.obey(cancel(running=running))
    script.may_end.set()
    await quiet(worker)
    assert book.names() == ["story.cancelled", "ack"]
    letter = book.found("story.cancelled", StoryCancelled).letter
    assert letter is not None
    assert (letter.attempt, letter.project_id, letter.errors) == (1, "p2", ())
    assert script.stopped == (["s1"] if running == "stop" else [])


async def test_a_story_that_may_finish_and_succeeds_is_a_success(plain: Settings) -> None:
    book, script = RecordingPublisher(), ScriptedRunner(MADE)
    script.may_end.clear()
    worker = Worker(plain, script, book)
    worker.receive(FakeDelivery(book, encode(message())))
    await script.begun.acquire()
    worker.obey(cancel(running="finish"))
    assert script.stopped == []
    script.may_end.set()
    await quiet(worker)
    assert book.names() == ["story.succeeded", "ack"]


async def test_a_later_stop_ends_what_might_have_finished(plain: Settings) -> None:
    book, script = RecordingPublisher(), ScriptedRunner()
    script.may_end.clear()
    worker = Worker(plain, script, book)
    worker.receive(FakeDelivery(book, encode(message())))
    await script.begun.acquire()
    worker.obey(cancel(running="finish"))
    worker.obey(cancel(running="stop"))
    await quiet(worker)
    assert (book.names(), script.stopped) == (["story.cancelled", "ack"], ["s1"])


async def test_a_story_that_waits_for_its_start_is_dropped_at_once(tmp_path: Path) -> None:
    settings = load_settings(output=tmp_path, worker_name="w1", rate_limits="stories=20/hour")
    book, permits, script = RecordingPublisher(), NeverPermits(), ScriptedRunner()
    worker = Worker(settings, script, book, limiter=permits)
    worker.receive(FakeDelivery(book, encode(message())))
    await permits.asked.wait()
    worker.obey(cancel())
    await quiet(worker)
    assert (book.names(), script.attempts) == (["story.cancelled", "ack"], [])


async def test_a_story_that_waits_for_a_slot_is_dropped(tmp_path: Path) -> None:
    settings = load_settings(prefetch=1, output=tmp_path, worker_name="w1")
    book, script = RecordingPublisher(), ScriptedRunner(MADE)
    script.may_end.clear()
    worker = Worker(settings, script, book)
    for number in (1, 2):
        worker.receive(FakeDelivery(book, encode(message(number))))
    await script.begun.acquire()
    worker.obey(cancel("s2"))
    script.may_end.set()
    await quiet(worker)
    assert book.names() == ["story.succeeded", "ack", "story.cancelled", "ack"]


async def test_nothing_starts_before_the_orders_are_read(plain: Settings) -> None:
    book, script, stream = RecordingPublisher(), ScriptedRunner(MADE), OrderStream(ready=False)
    worker = Worker(plain, script, book)
    worker.orders.follow(stream)
    for number in (1, 2):
        worker.receive(FakeDelivery(book, encode(message(number))))
    await asyncio.wait({asyncio.create_task(script.begun.acquire())}, timeout=0.05)
    assert script.attempts == []
    worker.obey(cancel("s1"))
    stream.end()
    await quiet(worker)
    assert sorted(book.names()) == ["ack", "ack", "story.cancelled", "story.succeeded"]


async def test_a_worker_that_stops_before_the_orders_are_read_requeues(plain: Settings) -> None:
    book = RecordingPublisher()
    worker = Worker(plain, ScriptedRunner(), book)
    worker.orders.follow(OrderStream(ready=False))
    worker.receive(FakeDelivery(book, encode(message())))
    worker.stop_starting()
    await quiet(worker)
    assert book.names() == ["story.released", "story", "ack"]


async def test_a_new_subscription_waits_for_the_orders_up_to_then(plain: Settings) -> None:
    book, script, stream = RecordingPublisher(), ScriptedRunner(MADE), OrderStream(ready=True)
    worker = Worker(plain, script, book)
    worker.orders.follow(stream)
    worker.orders.subscribed()
    assert (stream.renewed, stream.ready) == (0, True), "read just before"
    worker.orders.subscribed()
    assert (stream.renewed, stream.ready) == (1, False)
    worker.receive(FakeDelivery(book, encode(message())))
    worker.obey(cancel())
    stream.end()
    await quiet(worker)
    assert (book.names(), script.attempts) == (["story.cancelled", "ack"], [])


async def test_the_same_order_again_changes_nothing(plain: Settings) -> None:
    book, script = RecordingPublisher(), ScriptedRunner()
    script.may_end.clear()
    worker = Worker(plain, script, book)
    worker.receive(FakeDelivery(book, encode(message())))
    await script.begun.acquire()
    for _ in range(3):
        worker.obey(cancel())
    await quiet(worker)
    worker.receive(FakeDelivery(book, encode(message())))
    await quiet(worker)
    assert book.names() == ["story.cancelled", "ack", "ack"], "a redelivery of what was settled"


async def test_a_worker_killed_before_the_ack_and_the_next_one_publish_the_same_event(
    plain: Settings,
) -> None:
    ids = []
    for _ in range(2):
        book = RecordingPublisher()
        worker = Worker(plain, ScriptedRunner(), book)
        worker.obey(cancel())
        worker.receive(FakeDelivery(book, encode(message(published_at=AT))))
        await quiet(worker)
        ids.append(book.found("story.cancelled", StoryCancelled).event_id)
    assert ids[0] == ids[1]


async def test_nothing_is_acked_before_the_event_is_confirmed(plain: Settings) -> None:
    book = RecordingPublisher()
    worker = Worker(plain, ScriptedRunner(), book)
    worker.obey(cancel())
    book.broken = True
    worker.receive(FakeDelivery(book, encode(message())))
    await quiet(worker)
    assert book.lines == []
    with pytest.raises(PublishFailedError):
        await worker.broken


async def test_a_moved_dead_letter_of_a_cancelled_story_is_dropped(plain: Settings) -> None:
    book, stream = RecordingPublisher(), OrderStream(ready=False)
    error = AttemptError(failure=OOPS, generation=1, attempt=3, ended_at=utc_now())
    letter = message(attempt=3).dead(error)
    worker = Worker(plain, ScriptedRunner(), book)
    worker.orders.follow(stream)
    worker.receive(FakeDelivery(book, encode(letter)))
    worker.obey(cancel())
    stream.end()
    await quiet(worker)
    assert book.names() == ["story.cancelled", "ack"]
    assert book.found("story.cancelled", StoryCancelled).letter == letter


async def test_a_moved_dead_letter_is_not_replayed_unread_by_a_worker_that_stops(plain: Settings) -> None:
    book = RecordingPublisher()
    letter = message(attempt=3, died_at=utc_now())
    worker = Worker(plain, ScriptedRunner(), book)
    worker.orders.follow(OrderStream(ready=False))
    worker.receive(FakeDelivery(book, encode(letter)))
    worker.stop_starting()
    await quiet(worker)
    assert book.names() == ["dead", "ack"]
    assert book.found("dead", StoryMessage) == letter


async def test_a_message_that_fills_its_event_loses_its_errors_only(plain: Settings) -> None:
    error = AttemptError(failure=OOPS, generation=1, attempt=1, ended_at=AT)
    story = message(attempt=2, errors=(error,), options={"text": ""})
    full = {"text": "x" * (MAX_BODY - len(encode(story)) - 10)}
    book = RecordingPublisher()
    worker = Worker(plain, ScriptedRunner(), book)
    worker.obey(cancel())
    worker.receive(FakeDelivery(book, encode(story.model_copy(update={"options": full}))))
    await quiet(worker)
    event = book.found("story.cancelled", StoryCancelled)
    assert event.letter is not None
    assert (event.letter.errors, event.letter.options) == ((), full)
