"""Limits of the cost that batches meet in the middle of a run, and an operator who raises them."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Final

from chaos.support.operating import resume
from chaos.support.stories import RUN_COST
from gt_common.errors import GossipToonError
from gt_common.ledger import open_ledger, read_ledger
from gt_common.messages import STOP_RULE, BatchPaused, BatchResumed
from support.waiting import pause

if TYPE_CHECKING:
    from chaos.support.world import World

_SHARE: Final = 0.6
"""Share of the batches that may cost only so much."""
_LOOK_S: Final = 0.5


def draw_ceilings(random: Random, sizes: dict[str, int]) -> dict[str, int]:
    """Draw limits in millionths that some batches meet; each run of their stories costs RUN_COST.

    Parameters:
        sizes: the number of stories by batch
    """
    drawn = {}
    for batch_id, size in sizes.items():
        ruled, share = random.random() < _SHARE, random.uniform(0.2, 0.7)
        if ruled:
            drawn[batch_id] = max(1, round(size * share)) * RUN_COST
    return drawn


async def raise_ceilings(world: World, enough: asyncio.Event, seed: int) -> None:
    """Continue each batch that its limit has paused, after a while and with a higher limit, until enough."""
    random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
    while not enough.is_set():
        stopped: list[str] = []
        with suppress(GossipToonError):  # a fault of the ledger
            stopped = await asyncio.to_thread(_stopped, world)
        for batch_id in stopped:
            # What an operator has paused meanwhile, or is about to resume, is resumed by that one.
            if (batch_id,) not in world.to_resume:
                await _continue(world, batch_id, random.uniform(0.5, 3.0))
        await pause(_LOOK_S)


async def _continue(world: World, batch_id: str, seconds: float) -> None:
    target = (batch_id,)
    world.pausing[target] += 1
    # The ledger has the pause, so the workers were ordered to obey it.
    began = time.time()
    await pause(seconds)
    world.pauses.append((target, began, time.time()))
    world.pausing[target] -= 1
    if not world.pausing[target]:
        await resume(world, target)


def _stopped(world: World) -> list[str]:
    with read_ledger(world.settings.ledger) as ledger:
        return [hold.batch_id for hold in ledger.paused_batches() if hold.by == STOP_RULE]


def count_stops(world: World) -> tuple[int, list[str]]:
    """Return how often limits have paused batches, and which limit did so more than once."""
    stops, problems = 0, []
    with open_ledger(world.settings.ledger) as ledger:
        for batch_id in world.ceilings:
            events = ledger.events(batch_id, ["batch.paused", "batch.resumed"])
            holds = sorted(
                (event for event in events if isinstance(event, BatchPaused | BatchResumed)),
                key=lambda event: event.revision,
            )
            stops += sum(event.by == STOP_RULE for event in holds)
            problems += [
                f"batch {batch_id} was stopped twice without a new limit: {earlier}, {later}"
                for earlier, later in pairwise(holds)
                if earlier.by == later.by == STOP_RULE
            ]
    return stops, problems
