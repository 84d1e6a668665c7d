"""What a run spends is published at once, then at most once per interval, and last with its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from gt_common.failures import Failure
from gt_common.lifecycle import fold
from gt_common.messages import Event, StoryMessage, StorySpent, encode, utc_now
from gt_common.messaging.control.cancelled import Cancellation
from gt_common.messaging.dead_letters import failed_event_of
from gt_common.settings import Settings, load_settings
from gt_consumer.runner.outcomes import (
    Cancelled,
    FailedForGood,
    FailedForNow,
    Interrupted,
    Outcome,
    Succeeded,
    Unfit,
    Waiting,
)
from gt_consumer.worker.run_events import RunEvents
from gt_consumer.worker.spending import SpendingReporter
from gt_consumer.worker.worker import Worker
from support.fakes.worker import FakeDelivery, RecordingPublisher, message
from support.waiting import until

OOPS = Failure(type="ValueError", message="oops")
ORDER = Cancellation(utc_now(), "anna", "wrong list", "stop")
DONE = Succeeded(Path("/videos/1.mp4"), "p1", 3.0, 60.0)


class SpendingRunner:
    """A runner whose one run spends, three times within a moment, and ends as told."""

    def __init__(self, end: Outcome | Exception) -> None:
        self._end = end

    async def run(
        self,
        story: StoryMessage,
        attempt: int,
        on_stage: Callable[[str, float | None], None],
        on_project: Callable[[str | None], None],
        on_spent: Callable[[Mapping[str, int]], None],
    ) -> Outcome:
        """Spend and end."""
        for amount in (1, 2, 3):
            on_spent({"elevenlabs": amount})
        if isinstance(self._end, Exception):
            raise self._end
        return self._end

    def stop_story(self, story: StoryMessage) -> None:
        """Do nothing: its run ends by itself."""


def events_of(book: RecordingPublisher) -> list[Event]:
    """Return the events as the ledger gets them: a dead letter becomes one there."""
    found: list[Event] = []
    for name, content in book.lines:
        if name == "dead":
            assert isinstance(content, StoryMessage)
            found.append(failed_event_of(content))
        elif name.startswith("story."):
            found.append(content)  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize(
    ("end", "names"),
    [
        (DONE, ["story.succeeded", "ack"]),
        (FailedForNow(OOPS, None, 1.0), ["story.retrying", "retry 10", "ack"]),
        (FailedForGood(OOPS, None, 1.0), ["story.spent", "dead", "ack"]),
        (Waiting("gemini", 42.0), ["story.released", "retry 42", "ack"]),
        (Interrupted(), ["story.released", "story", "ack"]),
        (Cancelled(ORDER, ran=True), ["story.cancelled", "ack"]),
        (Unfit("no room"), ["story.released", "retry 10", "ack"]),
        (RuntimeError("a bug"), ["story.retrying", "retry 10", "ack"]),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_however_a_run_ends_the_ledger_gets_what_it_has_spent(
    tmp_path: Path, end: Outcome | Exception, names: list[str]
) -> None:
    settings = load_settings(output=tmp_path, worker_name="w1", retry_delays="10s")
    book = RecordingPublisher()
    worker = Worker(settings, SpendingRunner(end), book)
    worker.receive(FakeDelivery(book, encode(message())))
    async with asyncio.timeout(5):
        await worker.wait_until_quiet()
    assert book.names() == names
    state = fold("b", events_of(book))
    assert (state.cost, state.cost_wasted) == (3, 0 if end is DONE else 3)


class Scene:
    """One run's reporter, and what it has published."""

    def __init__(self, interval: float) -> None:
        self.book = RecordingPublisher()
        self.events = RunEvents(message(), "w1", utc_now())
        self.reporter = SpendingReporter(self.events, self.book, 0.0, interval)

    @property
    def published(self) -> list[int]:
        """The sums that were published."""
        found = [content for _, content in self.book.lines]
        return [event.cost["elevenlabs"] for event in found if isinstance(event, StorySpent)]

    async def spend(self, amount: int) -> None:
        """Report the sum so far, and let the loop run."""
        self.reporter.spent({"elevenlabs": amount})
        for _ in range(5):
            await asyncio.sleep(0)


async def test_within_an_interval_only_the_first_sum_is_published() -> None:
    scene = Scene(interval=60.0)
    for amount in range(1, 100):
        await scene.spend(amount)
    assert scene.published == [1]
    await scene.reporter.aclose()
    assert scene.events.cost == {"elevenlabs": 99}


async def test_after_an_interval_the_latest_sum_is_published() -> None:
    scene = Scene(interval=0.01)
    for amount in (1, 2, 3):
        await scene.spend(amount)
    await until(lambda: scene.published[-1:] == [3])
    await scene.spend(4)
    await until(lambda: scene.published[-1:] == [4])
    assert len(scene.published) <= 4
    await scene.reporter.aclose()


async def test_a_broker_that_refuses_is_left_to_the_outcome() -> None:
    scene = Scene(interval=0.0)
    scene.book.broken = True
    await scene.spend(1)
    scene.book.broken = False
    await scene.spend(2)
    assert scene.published == [2]
    await scene.reporter.aclose()


def test_the_settings_of_money(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GT_CURRENCY", "EUR")
    monkeypatch.setenv("GT_PRICES", "prices.toml")
    settings = load_settings()
    assert (settings.currency, settings.prices) == ("EUR", Path.cwd() / "prices.toml")
    assert Settings.model_fields["currency"].default == "USD"
