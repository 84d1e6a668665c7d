"""What a run waits for: grants, its clock, and what is shown meanwhile."""

from __future__ import annotations

import asyncio
from datetime import datetime

from gt_consumer.processes.protocol import Acquire, Granted, Withdraw
from gt_consumer.runner.execution import TimeLimit
from gt_consumer.runner.waits import Waits
from support.waiting import until


class Gate:
    """A limiter that grants when the test says."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.waiting = 0

    async def acquire(self, provider: str) -> None:
        self.waiting += 1
        try:
            await self.open.wait()
        finally:
            self.waiting -= 1

    async def pause(self, provider: str, until: datetime) -> None:
        self.open.clear()


class Run:
    """A run that waits, with what it was told and what was shown."""

    def __init__(self, seconds: float = 60.0) -> None:
        self.gate = Gate()
        self.limit = TimeLimit(seconds)
        self.shown: list[str | None] = []
        self.granted: list[Granted] = []
        self.waits = Waits(self.gate, self.limit, self.shown.append)

    def ask(self, provider: str, number: int) -> None:
        self.waits.take(Acquire(provider, number), self.granted.append)

    def close(self) -> None:
        self.waits.close()
        self.limit.close()


async def test_several_waits_are_granted_each_and_the_oldest_is_shown() -> None:
    run = Run()
    run.ask("gemini", 1)
    run.ask("voice", 2)
    await until(lambda: run.shown == ["gemini"], every=0.01)
    run.gate.open.set()
    await until(lambda: len(run.granted) == 2, every=0.01)
    assert run.granted == [Granted("gemini", 1), Granted("voice", 2)]
    assert run.shown[-1] is None
    run.close()


async def test_a_short_wait_is_not_shown() -> None:
    run = Run()
    run.gate.open.set()
    run.ask("gemini", 1)
    await until(lambda: len(run.granted) == 1, every=0.01)
    run.ask("gemini", 2)
    await until(lambda: len(run.granted) == 2, every=0.01)
    assert run.shown == []
    run.close()


async def test_a_withdrawn_wait_is_given_up_and_not_answered() -> None:
    run = Run()
    run.ask("gemini", 1)
    await until(lambda: run.gate.waiting == 1, every=0.01)
    run.waits.take(Withdraw(1), run.granted.append)
    run.waits.take(Withdraw(7), run.granted.append)
    await until(lambda: run.gate.waiting == 0, every=0.01)
    run.gate.open.set()
    assert run.granted == []
    run.close()


async def test_the_end_of_a_run_gives_up_all_its_waits() -> None:
    run = Run()
    run.ask("gemini", 1)
    await until(lambda: run.shown == ["gemini"], every=0.01)
    run.close()
    await until(lambda: run.gate.waiting == 0, every=0.01)
    assert run.granted == []
    assert run.shown == ["gemini"]


async def test_the_clock_stands_still_while_anything_is_waited_for() -> None:
    run = Run(seconds=0.3)
    run.ask("gemini", 1)
    run.ask("voice", 2)
    over, _ = await asyncio.wait({run.limit.over}, timeout=0.6)
    assert not over
    run.gate.open.set()
    begun = asyncio.get_running_loop().time()
    async with asyncio.timeout(5):
        await run.limit.over
    assert asyncio.get_running_loop().time() - begun > 0.2
    run.close()
