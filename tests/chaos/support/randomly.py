"""A random run: batches are published while faults happen; at the end the accounts are checked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import Random

from chaos.support.accounts import Accounts, final_everywhere, settle_accounts
from chaos.support.faults import Fault, Order, draw_orders, make
from chaos.support.stories import ChaosStory, draw_stories
from chaos.support.world import World
from support.waiting import pause, until

_LANES = 2


@dataclass(frozen=True)
class Plan:
    """What a run does; the same seed draws the same stories and faults.

    Parameters:
        batches: number of batches for the stories, which are published one after another
        broker_deaths: the most times that the broker is killed
        allowed: the kinds of fault; empty for all
        longest_gap: the most seconds between two faults of a lane
        quiet_s: seconds within which everything must be quiet after the last fault
    """

    seed: int
    stories: int
    faults: int
    batches: int = 6
    broker_deaths: int = 2
    allowed: tuple[str, ...] = ()
    longest_gap: float = 1.2
    quiet_s: float = 150.0

    def draw(self) -> tuple[list[list[ChaosStory]], list[Order], list[float]]:
        """Draw the batches, the faults and the seconds between faults."""
        random = Random(self.seed)  # noqa: S311 - to be repeated, not to be secret
        sizes = [self.stories // self.batches] * self.batches
        sizes[0] += self.stories - sum(sizes)
        drawn = [draw_stories(random, f"b{number}", size) for number, size in enumerate(sizes, start=1)]
        orders = draw_orders(random, self.faults, broker_deaths=self.broker_deaths, allowed=self.allowed)
        return drawn, orders, [random.uniform(0.0, self.longest_gap) for _ in orders]


async def run_randomly(
    world: World, plan: Plan, beside: Callable[[], Awaitable[Fault]] | None = None
) -> Accounts:
    """Do a run. Return its accounts.

    Parameters:
        beside: makes an additional fault, repeatedly while the others are made
    """
    began = time.monotonic()
    batches, orders, gaps = plan.draw()
    world.start()
    await asyncio.gather(*(part.until_ready(60) for part in world.parts.values()))
    others: list[Fault] = []
    enough = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        if beside:
            group.create_task(_repeat(beside, others, enough))
        faults = await _publish_and_break(world, batches, list(zip(orders, gaps, strict=True)))
        enough.set()
    faults += others
    stories = [story for batch in batches for story in batch]
    overdue = await _end(world, stories, plan.quiet_s)
    accounts = await settle_accounts(world, stories, faults)
    accounts.stuck += overdue
    if accounts.junk_copies > len(faults):
        accounts.duplicated.append(f"{accounts.junk_copies} copies of what was put aside")
    accounts.seconds = time.monotonic() - began
    return accounts


async def _repeat(make_one: Callable[[], Awaitable[Fault]], made: list[Fault], enough: asyncio.Event) -> None:
    while not enough.is_set():
        made.append(await make_one())


async def _publish_and_break(
    world: World, batches: Sequence[Sequence[ChaosStory]], orders: Sequence[tuple[Order, float]]
) -> list[Fault]:
    """Publish batch after batch while several lanes make faults at the same time."""
    faults: list[Fault] = []
    waiting = iter(batches)
    every = max(1, len(orders) // len(batches))
    taken = iter(enumerate(orders))

    async def lane() -> None:
        for number, (order, gap) in taken:  # shared: each takes the next
            if number % every == 0 and (batch := next(waiting, None)):
                world.produce(batch)
            await pause(gap)
            faults.append(await make(world, order))

    async with asyncio.TaskGroup() as group:
        for _ in range(_LANES):
            group.create_task(lane())
    for batch in waiting:
        world.produce(batch)
    return faults


async def _end(world: World, stories: Sequence[ChaosStory], quiet_s: float) -> list[str]:
    """Wait until all is quiet, end all parts, and let a last worker and aggregator process the rest."""
    overdue = []
    try:
        await asyncio.gather(*(part.done(quiet_s) for part in world.producers))
        await until(lambda: asyncio.to_thread(final_everywhere, world, stories), quiet_s, every=0.5)
    except TimeoutError:
        overdue.append(f"not quiet within {quiet_s:g} s")
    for part in world.parts.values():
        try:
            await part.stop()
        except TimeoutError:
            overdue.append(f"{part.name} did not end after SIGTERM: {list(part.said)[-5:]}")
    for last in (world.worker("last", "--until-empty"), world.aggregator("last", "--until-idle")):
        last.start()
        try:
            await until(last.has_ended, quiet_s)
        except TimeoutError:
            overdue.append(f"{' '.join(last.command)} did not come to an end: {list(last.said)[-5:]}")
        await last.cut_off()
        world.parts[f"{last.name} {last.ready}"] = last
    return overdue
