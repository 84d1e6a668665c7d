"""The worker without a broker: what it publishes for each outcome, in which order, and when it acks."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gt_common.errors import PublishFailedError, UsageError
from gt_common.failures import Failure
from gt_common.lifecycle import StoryStatus
from gt_common.messages import (
    StoryMessage,
    StoryReleased,
    StoryRetrying,
    StoryStage,
    StoryStarted,
    StorySucceeded,
    encode,
    utc_now,
)
from gt_common.settings import Settings, load_settings
from gt_consumer.runner.outcomes import FailedForGood, FailedForNow, Interrupted, Outcome, Succeeded, Waiting
from gt_consumer.worker.progress import ProgressReporter
from gt_consumer.worker.run_events import RunEvents
from gt_consumer.worker.worker import Worker
from support.fakes.worker import FakeDelivery, RecordingPublisher, ScriptedRunner, message
from support.waiting import until

DONE = Succeeded(Path("/videos/1.mp4"), "p1", 3.0, 60.0)
OOPS = Failure(type="TimeoutError", message="no answer", stage="voice")


@pytest.fixture
def plain(tmp_path: Path) -> Settings:
    return load_settings(prefetch=2, output=tmp_path, worker_name="w1", retry_delays="10s,1m")


async def play(
    settings: Settings, script: ScriptedRunner, story: StoryMessage, delivery_count: int = 0
) -> tuple[RecordingPublisher, Worker]:
    book = RecordingPublisher()
    worker = Worker(settings, script, book)
    worker.receive(FakeDelivery(book, encode(story), delivery_count))
    async with asyncio.timeout(5):
        await worker.wait_until_quiet()
    return book, worker


async def test_success_is_published_before_the_ack(plain: Settings) -> None:
    book, worker = await play(plain, ScriptedRunner(DONE), message())
    assert book.names() == ["story.succeeded", "ack"]
    event = book.found("story.succeeded", StorySucceeded)
    assert (event.output_path, event.worker, event.attempt) == ("/videos/1.mp4", "w1", 1)
    assert worker.counts == {StoryStatus.SUCCESS: 1}


@pytest.mark.parametrize(("attempt", "delay"), [(1, "10"), (2, "60")])
async def test_failure_with_attempts_left_waits_and_remembers_the_error(
    plain: Settings, attempt: int, delay: str
) -> None:
    book, _ = await play(plain, ScriptedRunner(FailedForNow(OOPS, "p1", 2.0)), message(attempt=attempt))
    assert book.names() == ["story.retrying", f"retry {delay}", "ack"]
    again = book.found(f"retry {delay}", StoryMessage)
    assert (again.attempt, again.run, again.generation) == (attempt + 1, 0, 1)
    (error,) = again.errors
    assert (error.failure, error.project_id, error.worker, error.attempt) == (OOPS, "p1", "w1", attempt)


@pytest.mark.parametrize(
    ("outcome", "attempt"), [(FailedForNow(OOPS, None, 1.0), 3), (FailedForGood(OOPS, None, 1.0), 1)]
)
async def test_last_failure_and_permanent_failure_are_one_dead_letter(
    plain: Settings, outcome: Outcome, attempt: int
) -> None:
    book, worker = await play(plain, ScriptedRunner(outcome), message(attempt=attempt))
    assert book.names() == ["dead", "ack"]
    letter = book.found("dead", StoryMessage)
    assert letter.died_at is not None
    said = letter.errors[-1].failure
    assert said == OOPS.model_copy(update={"retryable": isinstance(outcome, FailedForNow)})
    assert worker.counts == {StoryStatus.FAILED: 1}


async def test_waiting_for_a_provider_spends_no_attempt(plain: Settings) -> None:
    book, _ = await play(plain, ScriptedRunner(Waiting("gemini", 42.0)), message(attempt=2))
    assert book.names() == ["story.released", "retry 42", "ack"]
    again = book.found("retry 42", StoryMessage)
    assert (again.attempt, again.run, again.errors) == (2, 1, ())
    assert book.found("story.released", StoryReleased).provider == "gemini"


async def test_interrupted_story_goes_back_unspent(plain: Settings) -> None:
    book, _ = await play(plain, ScriptedRunner(Interrupted()), message(attempt=2))
    assert book.names() == ["story.released", "story", "ack"]
    back = book.found("story", StoryMessage)
    assert (back.attempt, back.run) == (2, 1)


@pytest.mark.parametrize("spent", [False, True])
@pytest.mark.parametrize(
    ("outcome", "sent", "event"),
    [
        (FailedForNow(OOPS, "p2", 1.0), "retry 10", "story.retrying"),
        (FailedForGood(OOPS, "p2", 1.0), "dead", ""),
        (Waiting("gemini", 42.0, "p2"), "retry 42", "story.released"),
        (Interrupted("p2"), "story", "story.released"),
    ],
)
async def test_the_message_carries_the_project_to_the_next_worker(
    plain: Settings,
    outcome: FailedForNow | FailedForGood | Waiting | Interrupted,
    sent: str,
    event: str,
    spent: bool,
) -> None:
    script = ScriptedRunner(replace(outcome, spent=spent))
    book, _ = await play(plain, script, message(project_id="p1"))
    carried = None if spent else "p2"
    assert book.found(sent, StoryMessage).project_id == carried
    if event:
        (known,) = [found for name, found in book.lines if name == event]
        assert isinstance(known, StoryReleased | StoryRetrying)
        assert known.project_id == carried


@pytest.mark.parametrize(
    ("story", "sent"),
    [
        (message(project_id="p1", not_before=utc_now() + timedelta(hours=1), waits_for="tts"), "retry 60"),
        (message(project_id="p1", attempt=4), "dead"),
    ],
)
async def test_a_story_that_is_not_run_keeps_its_project(
    plain: Settings, story: StoryMessage, sent: str
) -> None:
    book, _ = await play(plain, ScriptedRunner(), story)
    last = [name for name in book.names() if name.startswith(sent.split()[0])]
    assert book.found(last[0], StoryMessage).project_id == "p1"


async def test_a_resume_that_met_a_limit_is_repeated_after_the_wait(plain: Settings) -> None:
    quota = Failure(type="ClientError", message="429 RESOURCE_EXHAUSTED")
    book, _ = await play(plain, ScriptedRunner(FailedForNow(quota, "p1", 1.0, spent=True)), message())
    assert book.found("retry 10", StoryMessage).project_id == "p1"


async def test_a_run_that_ends_at_once_is_not_announced_and_a_longer_one_is() -> None:
    book = RecordingPublisher()
    events = RunEvents(message(), "w1", utc_now())
    async with ProgressReporter(events, book, linger=60.0) as progress:
        progress.stage("voice", 0.1)
    assert book.lines == []
    async with ProgressReporter(events, book, linger=0.0) as progress:
        progress.stage("voice", 0.1)
        await until(lambda: len(book.lines) == 2)
    assert [name for name, _ in book.lines] == ["story.started", "story.stage"]


async def test_the_project_is_published_as_soon_as_it_is_known(plain: Settings) -> None:
    book = RecordingPublisher()
    async with ProgressReporter(RunEvents(message(project_id="p0"), "w1", utc_now()), book) as progress:
        progress.project("p1")
        progress.stage("voice", 0.1)
        progress.stage("voice", 0.2)
        progress.project(None)
        await until(lambda: len(book.lines) == 5)
    assert book.found("story.started", StoryStarted).project_id == "p0"
    stages = [
        (name, event.stage, event.project_id) for name, event in book.lines if isinstance(event, StoryStage)
    ]
    assert stages == [
        ("story.stage", "working", "p1"),
        ("story.stage", "voice", "p1"),
        ("progress story.stage", "voice", "p1"),
        ("story.stage", "voice", None),
    ]


async def test_stopping_worker_gives_back_what_it_has_not_begun(plain: Settings) -> None:
    book, script = RecordingPublisher(), ScriptedRunner()
    worker = Worker(plain, script, book)
    worker.stop_starting()
    worker.receive(FakeDelivery(book, encode(message())))
    await worker.wait_until_quiet()
    assert book.names() == ["story.released", "story", "ack"]
    assert script.attempts == []


async def test_each_lost_worker_costs_one_attempt_and_too_many_end_the_story_unrun(plain: Settings) -> None:
    script = ScriptedRunner(FailedForNow(OOPS, None, 1.0))
    book, _ = await play(plain, script, message(), delivery_count=1)
    assert script.attempts == [2]
    assert book.found("retry 60", StoryMessage).attempt == 3
    unrun = ScriptedRunner()
    book, _ = await play(plain, unrun, message(), delivery_count=3)
    assert book.names() == ["dead", "ack"]
    assert unrun.attempts == []
    assert book.found("dead", StoryMessage).errors[-1].failure.type == "WorkerLost"


async def test_a_worker_that_allows_fewer_attempts_names_them_and_the_last_failure(plain: Settings) -> None:
    fewer = plain.model_copy(update={"max_attempts": 2})
    book, _ = await play(plain, ScriptedRunner(FailedForNow(OOPS, None, 1.0)), message(attempt=2))
    book, _ = await play(fewer, ScriptedRunner(), book.found("retry 60", StoryMessage))
    assert book.names() == ["dead", "ack"]
    failure = book.found("dead", StoryMessage).errors[-1].failure
    assert failure.type == "AttemptsUsedUp"
    assert failure.message == (
        "2 attempts failed and this worker allows 2 (--max-attempts, GT_MAX_ATTEMPTS); "
        f"the last one: {OOPS.type}: {OOPS.message}"
    )


async def test_redelivery_adopts_the_run_in_progress_and_all_deliveries_are_acked(plain: Settings) -> None:
    book, script = RecordingPublisher(), ScriptedRunner(DONE)
    worker = Worker(plain, script, book)
    script.may_end.clear()
    worker.receive(FakeDelivery(book, encode(message())))
    await script.begun.acquire()
    worker.receive(FakeDelivery(book, encode(message()), delivery_count=1))
    script.may_end.set()
    await worker.wait_until_quiet()
    assert script.attempts == [1]
    assert book.names() == ["story.succeeded", "ack", "ack"]


async def test_story_settled_here_is_only_acked_when_it_comes_again(plain: Settings) -> None:
    book, script = RecordingPublisher(), ScriptedRunner(DONE)
    worker = Worker(plain, script, book)
    for count in (0, 1):
        worker.receive(FakeDelivery(book, encode(message()), delivery_count=count))
        await worker.wait_until_quiet()
    assert script.attempts == [1]
    assert book.names() == ["story.succeeded", "ack", "ack"]


async def test_malformed_message_is_put_aside_as_it_came(plain: Settings) -> None:
    book = RecordingPublisher()
    worker = Worker(plain, ScriptedRunner(), book)
    worker.receive(FakeDelivery(book, b'{"v": 1, "batch_id": "../../etc"}'))
    await worker.wait_until_quiet()
    assert book.names() == ["malformed story", "ack"]
    (content,) = [content for name, content in book.lines if name == "malformed story"]
    assert isinstance(content, tuple)
    assert content[0] == b'{"v": 1, "batch_id": "../../etc"}'
    assert "batch_id" in content[1]
    assert content[2] == {"gt-batch-id": "b"}, "the broker's headers must not travel on"


async def test_failed_publish_leaves_the_delivery_unsettled_and_breaks_the_worker(plain: Settings) -> None:
    book, script = RecordingPublisher(), ScriptedRunner(DONE)
    worker = Worker(plain, script, book)
    book.broken = True
    worker.receive(FakeDelivery(book, encode(message())))
    await worker.wait_until_quiet()
    assert ("ack", None) not in book.lines
    with pytest.raises(PublishFailedError):
        await worker.broken


async def test_trouble_of_the_runner_itself_is_a_failed_attempt(plain: Settings) -> None:
    book, worker = await play(plain, ScriptedRunner(OSError("too many open files")), message())
    assert book.names() == ["story.retrying", "retry 10", "ack"]
    error = book.found("retry 10", StoryMessage).errors[0].failure
    assert (error.type, error.message) == ("OSError", "too many open files")
    assert not worker.broken.done()


async def test_never_more_runs_than_slots_even_with_more_deliveries(plain: Settings) -> None:
    book, script = RecordingPublisher(), ScriptedRunner(*[DONE] * 5)
    worker = Worker(plain, script, book)
    script.may_end.clear()
    for number in range(1, 6):
        worker.receive(FakeDelivery(book, encode(message(number))))
    for _ in range(2):
        await script.begun.acquire()
    script.may_end.set()
    await worker.wait_until_quiet()
    assert script.most_at_once == plain.prefetch
    assert book.names().count("ack") == 5


async def test_stage_changes_are_events_and_finer_progress_is_not(plain: Settings) -> None:
    book, script = RecordingPublisher(), ScriptedRunner(DONE)
    worker = Worker(plain, script, book)
    script.may_end.clear()
    worker.receive(FakeDelivery(book, encode(message())))
    await script.begun.acquire()
    async with asyncio.timeout(5):
        while len(book.lines) < 3:
            await asyncio.get_running_loop().run_in_executor(None, int)
    script.may_end.set()
    await worker.wait_until_quiet()
    assert [name for name, _ in book.lines[:3]] == ["story.started", "story.stage", "progress story.stage"]
    assert book.found("progress story.stage", StoryStage).fraction == 0.5


async def test_users_rule_ends_a_story_at_once(plain: Settings) -> None:
    ruled = plain.model_copy(update={"retry_rules": "TimeoutError=permanent"})
    book, worker = await play(ruled, ScriptedRunner(FailedForNow(OOPS, None, 1.0)), message())
    assert book.names() == ["dead", "ack"]
    assert book.found("dead", StoryMessage).errors[-1].failure.retryable is False
    assert worker.counts == {StoryStatus.FAILED: 1}


async def test_quota_in_the_text_of_a_failure_spends_no_attempt(plain: Settings) -> None:
    limit = Failure(type="OrchestratorFailed", message="HTTP 429: retry after 3 s", stage="voice")
    book, worker = await play(plain, ScriptedRunner(FailedForNow(limit, None, 1.0)), message(attempt=2))
    again = book.found("retry 3", StoryMessage)
    assert (again.attempt, again.run, again.errors) == (2, 1, ())
    assert worker.counts == {StoryStatus.QUEUED: 1}


async def test_wait_longer_than_any_queue_is_honoured_by_whoever_takes_the_story_too_soon(
    plain: Settings,
) -> None:
    book, _ = await play(plain, ScriptedRunner(Waiting("gemini", 3600.0)), message())
    put_off = book.found("retry 3600", StoryMessage)
    released = book.found("story.released", StoryReleased)
    assert put_off.not_before == released.until
    runner = ScriptedRunner()
    book, _ = await play(plain, runner, put_off)
    assert runner.attempts == []
    later = book.found("story.released", StoryReleased)
    assert (later.provider, later.run, later.reason) == ("gemini", 1, "rate_limited")
    assert released.until is not None
    assert later.until is not None
    assert abs((later.until - released.until).total_seconds()) < 60
    (line,) = [name for name in book.names() if name.startswith("retry ")]
    again = book.found(line, StoryMessage)
    assert (again.attempt, again.run, again.waits_for) == (1, 2, "gemini")


async def test_story_whose_time_has_come_runs(plain: Settings) -> None:
    runner = ScriptedRunner(DONE)
    book, _ = await play(plain, runner, message(not_before=utc_now(), waits_for="gemini", run=1))
    assert runner.attempts == [1]
    assert book.names() == ["story.succeeded", "ack"]


async def test_stopping_worker_does_not_rest_before_a_retry(plain: Settings) -> None:
    slow = plain.model_copy(update={"retry_delays": (86400.0,)})
    book, runner = RecordingPublisher(), ScriptedRunner(FailedForNow(OOPS, None, 1.0))
    runner.may_end.clear()
    worker = Worker(slow, runner, book)
    worker.receive(FakeDelivery(book, encode(message())))
    await runner.begun.acquire()
    worker.stop_starting()
    runner.may_end.set()
    async with asyncio.timeout(5):
        await worker.wait_until_quiet()
    assert book.names() == ["story.retrying", "retry 86400", "ack"]


async def test_bad_rules_keep_the_worker_from_starting(plain: Settings) -> None:
    with pytest.raises(UsageError, match="GT_RETRY_RULES: not a rule"):
        Worker(plain.model_copy(update={"retry_rules": "nonsense"}), ScriptedRunner(), RecordingPublisher())
