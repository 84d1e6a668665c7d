"""What a signal does to a program, and the exit code that follows."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from gt_common.cli.signals import StopSignals, run_until_stopped


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)]
)
async def test_the_first_signal_decides_the_exit_code(number: signal.Signals, code: int) -> None:
    signals = StopSignals()
    assert signals.exit_code is None
    os.kill(os.getpid(), number)
    await asyncio.wait_for(signals.wait_first(), 10)
    os.kill(os.getpid(), signal.SIGTERM if number is signal.SIGINT else signal.SIGINT)
    await asyncio.wait_for(signals.wait_second(), 10)
    assert signals.exit_code == code


async def test_a_second_hangup_does_not_end_what_the_first_lets_finish() -> None:
    signals = StopSignals()
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.wait_for(signals.wait_first(), 10)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(signals.wait_second(), 0.1)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(signals.wait_second(), 10)


async def test_under_nohup_a_hangup_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        signals = StopSignals()
        os.kill(os.getpid(), signal.SIGHUP)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(signals.wait_first(), 0.1)
        assert signals.exit_code is None
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_sigterm_cancels_the_work_and_everything_is_closed(number: signal.Signals) -> None:
    closed = []

    async def work() -> int:
        try:
            os.kill(os.getpid(), number)
            await asyncio.wait_for(asyncio.Event().wait(), 10)
        finally:
            closed.append(True)
        return 0

    assert run_until_stopped(work()) == 143
    assert closed == [True]


def test_work_that_ends_by_itself_decides_its_exit_code() -> None:
    async def work() -> int:
        return 6

    assert run_until_stopped(work()) == 6
