"""A story that waits for a limit tells the text, how often it has waited, and what that has cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gt_common.failures import Failure
from gt_common.messages import MAX_REASON, StoryMessage, StoryReleased, encode, utc_now
from gt_common.settings import load_settings
from gt_consumer.runner.outcomes import FailedForNow, Outcome, Succeeded, Waiting
from gt_consumer.worker.worker import Worker
from support.fakes.worker import FakeDelivery, RecordingPublisher, ScriptedRunner, message

QUOTA = "voice quota exceeded for alto"


class PayingRunner(ScriptedRunner):
    """A runner whose runs spend 0.10 before they end as the script says."""

    async def run(
        self,
        story: StoryMessage,
        attempt: int,
        on_stage: Callable[[str, float | None], None],
        on_project: Callable[[str | None], None],
        on_spent: Callable[[Mapping[str, int]], None],
    ) -> Outcome:
        """Spend and end."""
        on_spent({"elevenlabs": 60_000, "gemini": 40_000})
        return await super().run(story, attempt, on_stage, on_project, on_spent)


def refused(text: str = QUOTA) -> FailedForNow:
    failure = Failure(type="CommandFailed", message=text, stage="voice")
    return FailedForNow(failure, None, 1.0)


async def settle(runner: ScriptedRunner, story: StoryMessage) -> tuple[StoryReleased, StoryMessage]:
    """Run a story once; return its event and the message of its next run."""
    book = RecordingPublisher()
    worker = Worker(load_settings(worker_name="w1", retry_delays="1s,2s"), runner, book)
    worker.receive(FakeDelivery(book, encode(story)))
    await worker.wait_until_quiet()
    (again,) = [content for name, content in book.lines if name.startswith("retry ")]
    assert isinstance(again, StoryMessage)
    return book.found("story.released", StoryReleased), again


async def test_each_wait_has_the_text_and_its_number() -> None:
    story, told = message(), []
    for _ in range(3):
        event, story = await settle(ScriptedRunner(refused()), story)
        assert (event.reason, event.provider, event.error) == ("rate_limited", "voice", QUOTA)
        told.append(event.waits)
    assert told == [1, 2, 3]
    assert (story.waits, story.wait_error, story.attempt, story.spent) == (3, QUOTA, 1, None)


async def test_the_text_is_redacted_and_bounded() -> None:
    text = f"{QUOTA} at https://anna:secret7@host/ " + "x" * 2000
    event, story = await settle(ScriptedRunner(refused(text)), message())
    assert event.error == story.wait_error
    assert len(event.error or "") == MAX_REASON
    assert "secret7" not in (event.error or "")


async def test_a_message_that_comes_back_too_early_keeps_text_and_number() -> None:
    later = utc_now() + timedelta(hours=1)
    waits = message(not_before=later, waits_for="voice", waits=4, wait_error=QUOTA, run=4)
    runner = ScriptedRunner()
    event, story = await settle(runner, waits)
    assert runner.attempts == []
    assert (event.waits, event.error) == (story.waits, story.wait_error) == (4, QUOTA)


async def test_a_provider_that_the_orchestrator_names_is_counted_without_a_text() -> None:
    event, _ = await settle(ScriptedRunner(Waiting("gemini", 42.0)), message(waits=1, wait_error=QUOTA))
    assert (event.provider, event.waits, event.error) == ("gemini", 2, None)


async def test_a_failed_attempt_begins_to_count_anew_and_keeps_the_sum() -> None:
    book = RecordingPublisher()
    broken = FailedForNow(Failure(type="ValueError", message="oops"), None, 1.0)
    worker = Worker(load_settings(worker_name="w1", retry_delays="1s"), PayingRunner(broken), book)
    story = message(waits=4, wait_error=QUOTA, spent=400_000)
    worker.receive(FakeDelivery(book, encode(story)))
    await worker.wait_until_quiet()
    again = book.found("retry 1", StoryMessage)
    assert (again.attempt, again.waits, again.wait_error, again.spent) == (2, None, None, 500_000)


async def test_a_wait_that_has_cost_money_is_a_warning_with_the_sum_of_the_story() -> None:
    with capture_logs() as logs:
        _, story = await settle(PayingRunner(refused()), message())
        _, story = await settle(PayingRunner(refused()), story)
    assert story.spent == 200_000
    lines = [line for line in logs if line["event"] == "paid_run_postponed"]
    assert [(line["log_level"], line["waits"], line["cost"], line["spent"]) for line in lines] == [
        ("warning", 1, 0.1, 0.1),
        ("warning", 2, 0.1, 0.2),
    ]
    assert {(line["provider"], line["error"], line["currency"]) for line in lines} == {
        ("voice", QUOTA, "USD")
    }


@pytest.mark.parametrize(
    "runner",
    [ScriptedRunner(refused()), PayingRunner(Succeeded(Path("/v.mp4"), None, 1.0, 2.0))],
    ids=["a wait for nothing", "a video for money"],
)
async def test_no_warning_without_both_a_wait_and_a_cost(runner: ScriptedRunner) -> None:
    book = RecordingPublisher()
    worker = Worker(load_settings(worker_name="w1"), runner, book)
    with capture_logs() as logs:
        worker.receive(FakeDelivery(book, encode(message())))
        await worker.wait_until_quiet()
    assert not [line for line in logs if line["event"] == "paid_run_postponed"]
