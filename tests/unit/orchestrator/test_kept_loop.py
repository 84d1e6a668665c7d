"""The loop of a child: kept when a run has left nothing in it, and only then."""

from __future__ import annotations

import asyncio
import contextvars
import socket
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from gt_consumer.orchestrator.kept_loop import KeptLoop

seen: contextvars.ContextVar[str] = contextvars.ContextVar("seen", default="")


@pytest.fixture
def loop() -> Iterator[KeptLoop]:
    kept = KeptLoop()
    yield kept
    kept.close()


async def well_behaved() -> asyncio.AbstractEventLoop:
    async with asyncio.timeout(60):
        await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0.001))
    seen.set("this run")
    return asyncio.get_running_loop()


def test_runs_that_leave_nothing_share_a_loop_but_no_context(loop: KeptLoop) -> None:
    first = loop.run(well_behaved())
    assert loop.clean
    assert loop.run(well_behaved()) is first
    assert seen.get() == ""

    async def look() -> str:
        return seen.get()

    assert loop.run(look()) == ""


def test_what_a_run_raises_is_raised_and_the_loop_is_clean(loop: KeptLoop) -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        loop.run(fail())
    assert loop.clean


async def leave_a_task() -> None:
    leave_a_task.kept = asyncio.create_task(asyncio.sleep(3600))  # type: ignore[attr-defined]


async def leave_a_timer() -> None:
    asyncio.get_running_loop().call_later(3600, print, "too late")


async def leave_a_thread_of_the_loop() -> None:
    await asyncio.to_thread(int)


async def leave_a_generator() -> None:
    async def numbers() -> AsyncIterator[int]:
        while True:
            yield 1

    generator = numbers()
    await anext(generator)
    leave_a_generator.kept = generator  # type: ignore[attr-defined]


async def leave_a_handler() -> None:
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)


async def leave_debugging() -> None:
    asyncio.get_running_loop().set_debug(True)


@pytest.mark.parametrize(
    "run",
    [
        leave_a_task,
        leave_a_timer,
        leave_a_thread_of_the_loop,
        leave_a_generator,
        leave_a_handler,
        leave_debugging,
    ],
)
def test_a_loop_in_which_something_is_left_is_not_kept(loop: KeptLoop, run: object) -> None:
    assert callable(run)
    loop.run(run())
    assert not loop.clean
    loop.close()
    assert loop.clean
    loop.run(well_behaved())
    assert loop.clean


def test_a_loop_that_still_reads_something_is_not_kept(loop: KeptLoop) -> None:
    ours, theirs = socket.socketpair()

    async def leave_a_reader() -> None:
        asyncio.get_running_loop().add_reader(ours, print, "too late")

    with ours, theirs:
        loop.run(leave_a_reader())
        assert not loop.clean
        loop.close()


def test_a_loop_to_which_a_thread_may_still_talk_is_not_kept(loop: KeptLoop) -> None:
    end = threading.Event()

    async def leave_a_thread() -> None:
        threading.Thread(target=end.wait, daemon=True).start()

    loop.run(leave_a_thread())
    try:
        assert not loop.clean
    finally:
        end.set()
