"""A random run: batches are published while faults happen; at the end the accounts are checked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from chaos.support.accounts import Accounts, final_everywhere, settle_accounts
from chaos.support.ceilings import draw_ceilings, raise_ceilings
from chaos.support.faults import Fault, Order, draw_orders, make
from chaos.support.operating import resume_all
from chaos.support.stories import ChaosStory, draw_stories
from chaos.support.world import World
from gt_common.errors import GossipToonError
from gt_common.ledger import read_ledger
from support.waiting import pause, until

_LANES = 2
_LOOK_S = 0.5


@dataclass(frozen=True)
class Plan:
    """What a run does; the same seed draws the same stories and faults.

    Parameters:
        batches: number of batches for the stories, which are published one after another
        broker_deaths: the most times that the broker is killed
        allowed: the kinds of fault; empty for all
        longest_gap: the most seconds between two faults of a lane
        ceilings: whether some batches may cost only so much, until an operator raises it
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
    ceilings: bool = False

    def draw(self) -> tuple[list[list[ChaosStory]], list[Order], list[float], dict[str, int]]:
        """Draw the batches, the faults, the seconds between faults, and what batches may cost."""
        random = Random(self.seed)  # noqa: S311 - to be repeated, not to be secret
        sizes = [self.stories // self.batches] * self.batches
        sizes[0] += self.stories - sum(sizes)
        drawn = [draw_stories(random, f"b{number}", size) for number, size in enumerate(sizes, start=1)]
        orders = draw_orders(random, self.faults, broker_deaths=self.broker_deaths, allowed=self.allowed)
        gaps = [random.uniform(0.0, self.longest_gap) for _ in orders]
        lengths = {batch[0].batch_id: len(batch) for batch in drawn}
        return drawn, orders, gaps, draw_ceilings(random, lengths) if self.ceilings else {}


async def run_randomly(
    world: World, plan: Plan, beside: Callable[[], Awaitable[Fault]] | None = None
) -> Accounts:
    """Do a run. Return its accounts.

    Parameters:
        beside: makes an additional fault, repeatedly while the others are made
    """
    began = time.monotonic()
    batches, orders, gaps, ceilings = plan.draw()
    world.first_ceilings, world.ceilings = ceilings, dict(ceilings)
    world.start()
    await asyncio.gather(*(part.until_ready(60) for part in world.parts.values()))
    others: list[Fault] = []
    enough = asyncio.Event()
    wrong_totals: set[str] = set()
    watching = asyncio.create_task(_watch_totals(world, wrong_totals))
    ended = asyncio.Event()
    raising = asyncio.create_task(raise_ceilings(world, ended, plan.seed))
    async with asyncio.TaskGroup() as group:
        if beside:
            group.create_task(_repeat(beside, others, enough))
        faults = await _publish_and_break(world, batches, list(zip(orders, gaps, strict=True)))
        enough.set()
    faults += others
    stories = [story for batch in batches for story in batch]
    overdue = await _end(world, stories, plan.quiet_s)
    ended.set()
    await raising
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    accounts = await settle_accounts(world, stories, faults)
    accounts.stuck += overdue
    accounts.duplicated += sorted(wrong_totals)
    if accounts.junk_copies > len(faults):
        accounts.duplicated.append(f"{accounts.junk_copies} copies of what was put aside")
    accounts.seconds = time.monotonic() - began
    return accounts


async def _repeat(make_one: Callable[[], Awaitable[Fault]], made: list[Fault], enough: asyncio.Event) -> None:
    while not enough.is_set():
        made.append(await make_one())


async def _watch_totals(world: World, wrong: set[str]) -> None:
    """Look again and again whether each batch has as many stories as its list, at whatever status."""
    while True:
        with suppress(GossipToonError):  # a fault of the ledger
            wrong.update(await asyncio.to_thread(_wrong_totals, world))
        await pause(_LOOK_S)


def _wrong_totals(world: World) -> list[str]:
    wanted = {stories[0].batch_id: len(stories) for stories in world.produced}
    with read_ledger(world.settings.ledger) as ledger:
        found = ledger.batches()
    return [
        f"batch {batch.batch_id} had {batch.total} stories for a while: {dict(batch.counts)}"
        for batch in found
        # Before a batch is announced, only the stories that were started are known.
        if batch.total > wanted[batch.batch_id] or (batch.opened_at and batch.total < wanted[batch.batch_id])
    ]


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
    overdue = await resume_all(world, quiet_s)
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
