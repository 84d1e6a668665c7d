"""gt-control cancel without a broker: orders before events, rounds, and what it prints."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gt_common.errors import ExitCode, LedgerUnreachableError, NoSuchBatchError, UsageError
from gt_common.failures import Failure
from gt_common.ledger import Ledger, open_ledger
from gt_common.lifecycle import StoryStatus
from gt_common.messages import (
    GT_BATCH,
    BatchOpened,
    BatchStories,
    Event,
    StoryCancelled,
    StoryEntry,
    StoryReleased,
    StoryRequeued,
    StoryRetrying,
    StoryStarted,
    StorySucceeded,
)
from gt_common.messaging.bulk import Message
from gt_common.messaging.control.notices import CancelNotice, ControlOrder
from gt_common.settings import Settings, load_settings
from gt_consumer.control import cancel as cancelling
from gt_consumer.control import command_cancel
from gt_consumer.control.orders import CancelOrder

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
URL = "https://x.de/"
OOPS = Failure(type="TimeoutError", message="no answer")


def line(number: int) -> StoryEntry:
    """Return a line of the batch's list."""
    return StoryEntry(story_id=f"s{number}", position=number, url=URL)


def batch(count: int, total: int | None = None, **more: object) -> list[Event]:
    """Return the events of a batch in which nothing has happened."""
    opened = BatchOpened.model_validate({"batch_id": "b1", "total": total or count, **more})
    return [opened, BatchStories(batch_id="b1", stories=tuple(line(n) for n in range(1, count + 1)))]


def facts(number: int) -> dict[str, object]:
    """Return what an event of a story needs."""
    return {"batch_id": "b1", "story_id": f"s{number}", "position": number, "url": URL, "at": AT}


def happened(kind: type[Event], number: int, **more: object) -> Event:
    """Return an event of a story."""
    return kind.model_validate(facts(number) | more)


class MemoryPublisher:
    """Notes orders and events; the ledger takes the events if there is one.

    Parameters:
        ledger: what an aggregator would store the events in
    """

    def __init__(self, ledger: Ledger | None) -> None:
        self._ledger = ledger
        self.lines: list[ControlOrder | Message] = []
        self.on_order: Callable[[], None] = lambda: None

    @property
    def orders(self) -> list[CancelNotice]:
        return [line for line in self.lines if isinstance(line, CancelNotice)]

    @property
    def events(self) -> list[StoryCancelled]:
        return [line for line in self.lines if isinstance(line, StoryCancelled)]

    async def control(self, order: ControlOrder) -> None:
        self.lines.append(order)
        self.on_order()

    async def many(self, messages: Iterable[Message]) -> AsyncGenerator[list[Message], None]:
        group = [*messages]
        self.lines += group
        if self._ledger is not None:
            self._ledger.apply([message for message in group if isinstance(message, StoryCancelled)])
        if group:
            yield group


@pytest.fixture
def plain(tmp_path: Path) -> Settings:
    return load_settings(ledger_url=f"sqlite:///{tmp_path / 'ledger.db'}", state_dir=tmp_path / "state")


@pytest.fixture
def ledger(plain: Settings) -> Iterator[Ledger]:
    with open_ledger(plain.ledger) as opened:
        yield opened


@pytest.fixture
def broker(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> MemoryPublisher:
    """Put a publisher in memory in place of the broker's."""
    publisher = MemoryPublisher(ledger)

    @asynccontextmanager
    async def open_it(*_: object) -> AsyncIterator[MemoryPublisher]:
        yield publisher

    async def ensure(*_: object) -> None:
        return

    monkeypatch.setattr(command_cancel, "open_publisher", open_it)
    monkeypatch.setattr(command_cancel, "ensure", ensure)
    monkeypatch.setattr(cancelling, "TAKEN_S", 0.3)
    return publisher


def run(settings: Settings, *stories: str, running: str = "stop", as_json: bool = False) -> int:
    """Run the command, agreed to."""
    assert running in {"stop", "finish"}
    order = CancelOrder(
        "b1", frozenset(stories), "stop" if running == "stop" else "finish", "ann@desk", "wrong list", AT
    )
    return command_cancel.cancel(settings, order, yes=True, ask=bool, as_json=as_json)


def statuses(ledger: Ledger) -> dict[StoryStatus, int]:
    """Return how many stories of the batch have which status."""
    return {status: count for status, count in ledger.batch("b1").counts.items() if count}


def test_orders_come_before_events_and_name_two_thousand_stories_each(
    plain: Settings, ledger: Ledger, broker: MemoryPublisher
) -> None:
    ledger.apply(batch(2500))
    assert run(plain) == 0
    assert [len(order.stories) for order in broker.orders] == [2000, 500]
    assert [type(line) for line in broker.lines[:4]] == [CancelNotice] * 2 + [StoryCancelled] * 2
    assert len(broker.events) == 2500
    assert statuses(ledger) == {StoryStatus.CANCELLED: 2500}


def test_each_event_belongs_to_the_run_that_is_under_way_or_next(
    plain: Settings, ledger: Ledger, broker: MemoryPublisher
) -> None:
    run_of = {"worker": "w1", "started_at": AT}
    ledger.apply(
        [
            *batch(6),
            happened(StoryRequeued, 2, generation=3, by="ann"),
            happened(StoryStarted, 3, attempt=2, run=1, **run_of),
            happened(StoryReleased, 4, attempt=2, run=1, reason="rate_limited", **run_of),
            happened(StoryRetrying, 5, attempt=2, run=1, failure=OOPS, until=AT, **run_of),
            happened(StorySucceeded, 6, output_path="/v.mp4", **run_of),
        ]
    )
    assert run(plain) == 0
    found = {event.position: event for event in broker.events}
    keys = {n: (event.generation, event.attempt, event.run) for n, event in found.items()}
    assert keys == {1: (1, 1, 0), 2: (3, 1, 0), 3: (1, 2, 1), 4: (1, 2, 2), 5: (1, 3, 0)}
    assert {n: event.worker for n, event in found.items() if event.started_at} == {3: "w1"}
    assert {event.purge_at for event in broker.events} == {
        found[1].at + timedelta(seconds=plain.discard_keep)
    }
    assert all((event.by, event.reason) == ("ann@desk", "wrong list") for event in broker.events)


def test_only_the_named_stories_are_cancelled(
    plain: Settings, ledger: Ledger, broker: MemoryPublisher
) -> None:
    ledger.apply(batch(3))
    assert run(plain, "s2", running="finish") == 0
    assert [order.stories for order in broker.orders] == [(("s2", 1),)]
    assert [order.running for order in broker.orders] == ["finish"]
    assert statuses(ledger) == {StoryStatus.CANCELLED: 1, StoryStatus.QUEUED: 2}


def test_a_story_that_ends_between_order_and_event_is_left_as_it_is(
    plain: Settings, ledger: Ledger, broker: MemoryPublisher, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger.apply(batch(2))
    broker.on_order = lambda: void(ledger.apply([happened(StorySucceeded, 1, output_path="/v.mp4")]))
    assert run(plain) == 0
    assert [event.position for event in broker.events] == [2]
    told = capsys.readouterr().err
    assert "cancelled 1 story of batch b1; before: 2 queued" in told
    assert "1 story of them ended before that" in told


def void(_: object) -> None:
    """Return nothing."""


def test_a_story_that_is_replayed_meanwhile_is_cancelled_in_its_new_generation(
    plain: Settings, ledger: Ledger, broker: MemoryPublisher
) -> None:
    ledger.apply(batch(1))

    def replay() -> None:
        broker.on_order = lambda: None
        ledger.apply([happened(StoryRequeued, 1, generation=2, by="bob")])

    broker.on_order = replay
    assert run(plain) == 0
    assert [order.stories for order in broker.orders] == [(("s1", 1),), (("s1", 2),)]
    assert [event.generation for event in broker.events] == [2]
    assert statuses(ledger) == {StoryStatus.CANCELLED: 1}


def test_stories_that_are_listed_meanwhile_are_cancelled_too(
    plain: Settings, ledger: Ledger, broker: MemoryPublisher
) -> None:
    ledger.apply(batch(1, total=2))

    def publish() -> None:
        broker.on_order = lambda: None
        ledger.apply([BatchStories(batch_id="b1", stories=(line(2),))])

    broker.on_order = publish
    assert run(plain) == 0
    assert statuses(ledger) == {StoryStatus.CANCELLED: 2}


def test_without_an_aggregator_it_says_so_and_how_to_fix_it(
    plain: Settings, ledger: Ledger, broker: MemoryPublisher, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger.apply(batch(2))
    broker._ledger = None
    with pytest.raises(LedgerUnreachableError, match=r"no aggregator took 2 events .* start gt-aggregate"):
        run(plain, as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert (document["cancelled"], document["not_in_ledger"]) == (0, 2)
    assert len(broker.orders) == 1


def test_what_is_final_already_is_said(
    plain: Settings, ledger: Ledger, broker: MemoryPublisher, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger.apply([*batch(3), happened(StorySucceeded, 1, output_path="/v.mp4")])
    assert run(plain, as_json=True) == 0
    shown = capsys.readouterr()
    assert "already final: 1 success" in shown.err
    assert json.loads(shown.out) == {
        "schema": 1,
        "batch_id": "b1",
        "by": "ann@desk",
        "reason": "wrong list",
        "at": json.loads(shown.out)["at"],
        "running": "stop",
        "stories": {"queued": 2, "running": 0, "retrying": 0, "success": 1, "failed": 0, "cancelled": 0},
        "cancelled": 2,
        "not_in_ledger": 0,
        "not_listed": 0,
    }
    assert run(plain) == 0
    assert "nothing to cancel in batch b1: all final already (1 success, 2 cancelled)" in (
        capsys.readouterr().err
    )


def test_a_batch_that_is_still_being_published_is_not_taken_for_cancelled(
    plain: Settings, ledger: Ledger, broker: MemoryPublisher, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger.apply(batch(1, total=3))
    assert run(plain) == 8
    assert "2 stories of the batch not listed yet and not cancelled" in capsys.readouterr().err


def test_what_does_not_exist_is_refused(plain: Settings, ledger: Ledger) -> None:
    with pytest.raises(NoSuchBatchError, match="no batch 'b1' in the ledger"):
        run(plain)
    ledger.apply(batch(1))
    with pytest.raises(UsageError, match=r"batch b1 has no story s7, s8; `gt-report b1 --csv` lists the ids"):
        run(plain, "s1", "s8", "s7")
    ledger.apply(batch(1, total=2))
    with pytest.raises(UsageError, match="not listed yet: 1 story; try again"):
        run(plain, "s2")


def test_a_batch_of_gt_batch_is_cancelled_in_the_ledger_and_no_worker_is_told(
    plain: Settings, ledger: Ledger, broker: MemoryPublisher
) -> None:
    ledger.apply(batch(1, made_by=GT_BATCH))
    assert run(plain) == ExitCode.DONE
    (story,) = ledger.batch("b1").stories.values()
    assert story.status is StoryStatus.CANCELLED
    assert not broker.orders


def test_nothing_happens_unasked(
    plain: Settings, ledger: Ledger, broker: MemoryPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.apply(batch(2))
    order = CancelOrder("b1", frozenset(), "stop", "ann@desk", None)
    with pytest.raises(UsageError, match="asks for confirmation and this is not a terminal; add -y"):
        command_cancel.cancel(plain, order, yes=False, ask=bool, as_json=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    asked: list[str] = []

    def refuse(question: str) -> bool:
        asked.append(question)
        return False

    assert command_cancel.cancel(plain, order, yes=False, ask=refuse, as_json=False) == 0
    assert asked == ["Cancel 2 stories of batch b1 (2 queued)?"]
    assert broker.lines == []


@pytest.mark.parametrize(("stories", "reason"), [({" "}, None), (set(), "x" * 501)])
def test_an_order_that_makes_no_sense_is_refused(stories: set[str], reason: str | None) -> None:
    with pytest.raises(UsageError):
        CancelOrder("b1", frozenset(stories), "stop", "ann@desk", reason)


async def test_a_line_tells_how_far_it_is(
    plain: Settings, ledger: Ledger, broker: MemoryPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    monkeypatch.setattr(command_cancel, "remark", lines.append)
    monkeypatch.setattr(command_cancel, "REMARK_EVERY_S", 0.05)
    ledger.apply(batch(2))
    broker._ledger = None
    with pytest.raises(LedgerUnreachableError):
        await asyncio.to_thread(run, plain)
    assert "2 of 2 stories ordered, 2 events published, 2 not in the ledger yet" in lines
