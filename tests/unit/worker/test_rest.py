"""A machine that cannot run stories hands them back, unspent, and rests: longer each time, until one runs."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gt_common.messages import MAX_REASON, StoryMessage, StoryReleased, encode
from gt_common.settings import load_settings
from gt_consumer.processes.machine import OF_ALL_PROCESSES, machine_problem, no_room
from gt_consumer.runner.outcomes import FailedForNow, Succeeded, Unfit
from gt_consumer.worker import machine_limits
from gt_consumer.worker.machine_limits import handles_needed, too_few_handles, warn_of_limits
from gt_consumer.worker.rest import Rest
from gt_consumer.worker.retry_policy import MOST_WAITS, RetryPolicy
from gt_consumer.worker.worker import Worker
from support.fakes.worker import FakeDelivery, RecordingPublisher, ScriptedRunner, message

DONE = Succeeded(Path("/v.mp4"), None, 1.0, 2.0)
FULL = Unfit("the disk of /out is full")


def test_a_rest_doubles_up_to_five_minutes_until_a_story_runs() -> None:
    rest = Rest()
    lengths = []
    for _ in range(9):
        rest.begin("no file handles")
        rest.begin("said twice")
        lengths.append(rest.seconds)
        rest.end()
    assert lengths == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    rest.recovered()
    rest.begin("no file handles")
    assert rest.seconds == 5


async def test_a_story_of_an_unfit_machine_is_handed_back_unspent_and_others_wait() -> None:
    book = RecordingPublisher()
    settings = load_settings(prefetch=1, worker_name="w1", retry_delays="3s,5s")
    runner = ScriptedRunner(FULL, DONE)
    worker = Worker(settings, runner, book)
    with capture_logs() as logs:
        worker.receive(FakeDelivery(book, encode(message(1))))
        worker.receive(FakeDelivery(book, encode(message(2))))
        await worker.wait_until_quiet()
    assert runner.attempts == [1], "the second story is not tried during the rest"
    assert book.names() == ["story.released", "retry 3", "ack"] * 2
    for content in (content for name, content in book.lines if name == "retry 3"):
        assert isinstance(content, StoryMessage)
        assert (content.attempt, content.run, content.errors) == (1, 1, ())
    released = book.lines[-3][1]
    assert isinstance(released, StoryReleased)
    assert (released.reason, released.problem) == ("stopping", FULL.problem), "older programs can read it"
    (rested,) = [line for line in logs if line["event"] == "worker_rested"]
    assert (rested["log_level"], rested["problem"], rested["seconds"]) == ("warning", FULL.problem, 5)
    worker.rest.end()
    with capture_logs() as logs:
        worker.receive(FakeDelivery(book, encode(message(1, run=1))))
        await worker.wait_until_quiet()
    assert "worker_recovered" in [line["event"] for line in logs]
    assert not worker.rest.active


async def test_an_error_of_the_machine_within_the_worker_costs_no_attempt() -> None:
    book = RecordingPublisher()
    worker = Worker(
        load_settings(worker_name="w1"), ScriptedRunner(OSError(errno.EMFILE, "no handles")), book
    )
    worker.receive(FakeDelivery(book, encode(message(1))))
    await worker.wait_until_quiet()
    assert book.names() == ["story.released", "retry 10", "ack"]
    assert worker.rest.active


async def test_a_full_disk_within_the_worker_names_the_folder_and_what_to_do(tmp_path: Path) -> None:
    book = RecordingPublisher()
    full = OSError(errno.ENOSPC, "No space left on device")
    settings = load_settings(worker_name="w1", output=tmp_path)
    worker = Worker(settings, ScriptedRunner(full), book)
    worker.receive(FakeDelivery(book, encode(message(1))))
    await worker.wait_until_quiet()
    event = book.found("story.released", StoryReleased)
    assert event.problem == f"No space left on device: {tmp_path}"
    assert worker.rest.cure == f"make room in {tmp_path}, or set GT_OUTPUT to another folder"


async def test_what_an_unfit_machine_says_is_redacted_and_bounded() -> None:
    book = RecordingPublisher()
    problem = "cannot reach amqp://anna:secret7@host/ " + "x" * 1000
    worker = Worker(load_settings(worker_name="w1"), ScriptedRunner(Unfit(problem)), book)
    worker.receive(FakeDelivery(book, encode(message(1))))
    await worker.wait_until_quiet()
    told = book.found("story.released", StoryReleased).problem or ""
    assert len(told) == MAX_REASON
    assert "secret7" not in told


def test_a_story_that_no_machine_can_run_fails_in_the_end() -> None:
    policy = RetryPolicy((), (1.0,))
    assert policy.judge(message(run=MOST_WAITS - 1), FULL) == FULL
    failed = policy.judge(message(run=MOST_WAITS), FULL)
    assert isinstance(failed, FailedForNow)
    assert (failed.failure.type, failed.failure.message) == ("MachineUnfit", FULL.problem)


@pytest.mark.parametrize(
    ("number", "anywhere"),
    [("EMFILE", False), ("ENOMEM", False), ("EAGAIN", False), ("ENOSPC", True), ("ENFILE", True)],
)
def test_the_number_of_an_error_or_of_its_cause_decides(number: str, anywhere: bool) -> None:
    error = OSError(getattr(errno, number), os.strerror(getattr(errno, number)))
    wrapped = ValueError("wrapped")
    wrapped.__cause__ = error
    assert machine_problem(wrapped) == error.strerror
    assert (machine_problem(wrapped, OF_ALL_PROCESSES) is not None) == anywhere


def test_only_a_full_disk_is_mended_by_room() -> None:
    wrapped = ValueError("wrapped")
    wrapped.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert no_room(wrapped, Path("/out")) == "No space left on device: /out"
    assert no_room(OSError(errno.EMFILE, "Too many open files"), Path("/out")) is None


@pytest.mark.parametrize("error", [ValueError("No space left on device"), FileNotFoundError(2, "x"), None])
def test_a_text_decides_nothing(error: Exception | None) -> None:
    assert machine_problem(error) is None


def test_few_file_handles_and_little_disk_are_told_at_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (100, 4096))
    monkeypatch.setattr(machine_limits, "LITTLE_BYTES", 1 << 62)
    assert (too_few_handles(1), too_few_handles(6), handles_needed(6)) == (None, 100, 160)
    with capture_logs() as logs:
        warn_of_limits(6, tmp_path)
    assert [line["event"] for line in logs] == ["few_file_handles_detected", "full_disk_expected"]
    assert {line["log_level"] for line in logs} == {"warning"}


async def test_waiting_for_a_rest_ends_when_it_begins() -> None:
    rest = Rest(first=0.5)
    waiting = asyncio.create_task(rest.wait_begin())
    rest.begin("x")
    assert await waiting == 0.5
