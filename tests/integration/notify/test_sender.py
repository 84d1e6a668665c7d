"""Sending beside other work: each target on its own, each message once, nothing held up by a dead target."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from gt_common.errors import LedgerUnreachableError
from gt_common.ledger import Ledger, open_ledger
from gt_common.ledger.outbox import NotificationKind, Outbox
from gt_common.ledger.schema import outbox as table
from gt_common.messages import Event, StoryFailed, StoryRequeued, StorySucceeded
from gt_common.notify import courier
from gt_common.notify.sender import Sender, sending
from gt_common.notify.targets import Target, open_targets
from gt_common.settings import load_settings
from support.notified import NotifiedServer
from support.samples.events import BATCH, opened, story_event
from support.waiting import until

USD = "USD"
NAMES = ("good", "other", "bad")


@pytest.fixture
def server() -> Iterator[NotifiedServer]:
    """Yield a running server."""
    with NotifiedServer.run() as server:
        yield server


@pytest.fixture
def targets(server: NotifiedServer) -> tuple[Target, ...]:
    """Return three targets on the server: good, other, bad."""
    return open_targets(load_settings(notify=",".join(map(server.url, NAMES))))


@pytest.fixture
def ledger(tmp_path: Path, targets: tuple[Target, ...]) -> Iterator[Ledger]:
    """Yield an empty ledger on SQLite that tells them."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with open_ledger(url, notify=[target.digest for target in targets]) as ledger:
        yield ledger


@pytest.fixture
def any_ledger(ledger_url: str, targets: tuple[Target, ...]) -> Iterator[Ledger]:
    """Yield an empty ledger, on SQLite and on PostgreSQL, that tells them."""
    with open_ledger(ledger_url, notify=[target.digest for target in targets]) as ledger:
        yield ledger


@contextmanager
def closing_sender(sender: Sender) -> Iterator[Sender]:
    """Leave no task of a sender behind when a test fails."""
    try:
        yield sender
    finally:
        for task in sender._tasks:
            task.cancel()


def ended() -> list[Event]:
    return [opened(1), story_event(StorySucceeded, 1)]


def count_waiting(ledger: Ledger, targets: tuple[Target, ...]) -> int:
    return ledger.outbox().count_waiting([target.digest for target in targets], BATCH)


async def test_every_target_gets_each_message_once(
    server: NotifiedServer, targets: tuple[Target, ...], any_ledger: Ledger
) -> None:
    async with sending(any_ledger, targets, USD):
        await asyncio.to_thread(any_ledger.apply, [opened(2), *(story_event(StoryFailed, n) for n in (1, 2))])
        await until(lambda: not count_waiting(any_ledger, targets))
        again = [
            story_event(kind, 1, seconds, generation=2)
            for kind, seconds in ((StoryRequeued, 20), (StorySucceeded, 30))
        ]
        await asyncio.to_thread(any_ledger.apply, again)
    assert not count_waiting(any_ledger, targets)
    for name in NAMES:
        titles = [one.title for one in server.of(name)]
        assert sorted(titles[:2]) == [
            f"Batch {BATCH}: 2 failed, 0 videos made",
            f"Batch {BATCH}: 2 of 2 stories failed for the same reason",
        ]
        assert titles[2:] == [f"Batch {BATCH}: 1 failed, 1 video made"]


async def test_a_target_that_refuses_is_tried_again_alone_and_given_up_at_last(
    server: NotifiedServer, targets: tuple[Target, ...], ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier, "_FIRST_RETRY_S", 0.0)
    monkeypatch.setattr(courier, "MOST_TRIES", 3)
    server.answers["bad"] = 500
    with capture_logs() as logs, closing_sender(Sender(ledger, targets, USD, poll_s=0.05)) as sender:
        await asyncio.to_thread(ledger.apply, ended())
        await until(lambda: not count_waiting(ledger, targets))
        await sender.close()
    assert [len(server.of(name)) for name in NAMES] == [1, 1, 3]
    lines = [line for line in logs if line["log_level"] in {"warning", "error"}]
    assert [line["event"] for line in lines] == ["notification_failed"] * 2 + ["notification_dropped"]
    assert {line["target"] for line in lines} == {targets[2].name}
    assert all("error=500" in line["error"] and line["batch_id"] == BATCH for line in lines)


async def test_a_target_that_does_not_answer_holds_up_neither_commits_nor_others(
    server: NotifiedServer, targets: tuple[Target, ...], ledger: Ledger
) -> None:
    release = server.hold("bad")
    with closing_sender(Sender(ledger, targets, USD, poll_s=0.05)) as sender:
        await asyncio.to_thread(ledger.apply, ended())
        await until(lambda: all(server.of(name) for name in NAMES))
        # The request of the dead target is still open while all this happens.
        for number in range(2, 20):
            await asyncio.to_thread(ledger.apply, [opened(number, number, f"batch-{number}")])
        await until(lambda: count_waiting(ledger, targets) == 1)
        started = time.monotonic()
        await sender.close(0.2)
        assert time.monotonic() - started < 3
        assert not release.is_set()
    assert [len(server.of(name)) for name in NAMES] == [1, 1, 1]
    assert count_waiting(ledger, targets) == 1


async def test_an_answer_that_comes_after_its_time_still_counts(
    server: NotifiedServer, targets: tuple[Target, ...], ledger: Ledger
) -> None:
    release = server.hold("bad")
    with (
        capture_logs() as logs,
        closing_sender(Sender(ledger, targets[2:], USD, attempt_s=0.05, poll_s=0.02)) as sender,
    ):
        await asyncio.to_thread(ledger.apply, ended())
        await until(lambda: [line for line in logs if line["event"] == "notification_failed"])
        release.set()
        await until(lambda: [line for line in logs if line["event"] == "notification_delivered"])
        await sender.close()
    assert len(server.of("bad")) == 1
    assert not count_waiting(ledger, targets[2:])


async def test_a_result_that_cannot_be_noted_at_once_is_noted_later_and_not_sent_again(
    server: NotifiedServer, targets: tuple[Target, ...], ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier, "_NOTE_AGAIN_S", 0.01)
    problems = [LedgerUnreachableError(), LedgerUnreachableError()]
    note_sent = Outbox.note_sent

    def fail_twice(box: Outbox, *given: object) -> None:
        if problems:
            raise problems.pop()
        note_sent(box, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(Outbox, "note_sent", fail_twice)
    async with sending(ledger, targets[:1], USD):
        await asyncio.to_thread(ledger.apply, ended())
    assert len(server.of("good")) == 1
    assert count_waiting(ledger, targets[:1]) == 0


async def test_one_that_is_a_day_old_is_dropped_when_it_fails(
    server: NotifiedServer, targets: tuple[Target, ...], ledger: Ledger
) -> None:
    server.answers["bad"] = 410
    ledger.apply(ended())
    with ledger._database.writing() as connection:
        created = connection.execute(select(table.c.created_at)).scalars().first()
        assert created
        connection.execute(update(table).values(created_at=created - courier.MOST_AGE - timedelta(minutes=1)))
    with capture_logs() as logs:
        async with sending(ledger, targets[2:], USD):
            pass
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["notification_dropped"]
    assert not count_waiting(ledger, targets[2:])


async def test_two_programs_with_one_ledger_send_each_message_once(
    server: NotifiedServer, targets: tuple[Target, ...], any_ledger: Ledger, ledger_url: str
) -> None:
    notify = [target.digest for target in targets]
    with closing(open_ledger(ledger_url, notify=notify)) as other:
        async with sending(other, targets, USD), sending(any_ledger, targets, USD):
            any_ledger.apply([opened(2), story_event(StorySucceeded, 1)])
            any_ledger.enqueue(BATCH, NotificationKind.BUDGET, "spent $0.80 of $1.00")
            other.apply([story_event(StorySucceeded, 2)])
    assert not count_waiting(any_ledger, targets)
    assert [len(server.of(name)) for name in NAMES] == [2, 2, 2]


async def test_a_second_signal_ends_the_last_sending(
    server: NotifiedServer, targets: tuple[Target, ...], ledger: Ledger
) -> None:
    server.hold("bad")
    signalled = asyncio.Event()

    async def leave() -> None:
        await signalled.wait()

    ledger.apply(ended())
    with closing_sender(Sender(ledger, targets, USD)) as sender:
        task = asyncio.create_task(sender.close(60, leave))
        await until(lambda: server.of("bad"))
        signalled.set()
        async with asyncio.timeout(10):
            await task
