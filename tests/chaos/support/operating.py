"""What an operator does in the middle of a run, with the real command: cancel, pause and resume."""

from __future__ import annotations

import time
from decimal import Decimal
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Final

from chaos.support.parts import ours, run_command
from gt_common.money import MILLION
from support.waiting import pause, until

if TYPE_CHECKING:
    from chaos.support.world import World

_WHOLE_BATCH: Final = 0.15
_MOST_STORIES: Final = 8
_LONGEST_S: Final = 90.0
_REFUSALS: Final = {
    "cancel": {
        2,  # a story is not in the ledger yet
        3,  # the broker or the ledger does not answer, or no aggregator takes the cancel
        6,  # the batch is not in the ledger yet
        8,  # it is still being published
    },
    "pause": {3, 6},
    "resume": {
        2,  # the batch has cost more than its new limit
        3,
        6,
    },
}
"""Exit codes that a fault explains, or a batch that has just begun."""


async def cancel(world: World, roll: float) -> None:
    """Cancel some stories of a batch that was published, or all of it; running ones are stopped or finish.

    Parameters:
        roll: 0 to 1, decides which
    """
    random = Random(roll)  # noqa: S311 - to be repeated, not to be secret
    if not world.produced:
        return
    batch = random.choice(world.produced)
    whole = random.random() < _WHOLE_BATCH
    chosen = list(batch) if whole else random.sample(batch, min(len(batch), random.randint(1, _MOST_STORIES)))
    arguments = [] if whole else [word for story in chosen for word in ("--story", story.story_id)]
    running = random.choice(("stop", "finish"))
    world.cancelled.update((story.batch_id, story.story_id) for story in chosen)
    await operate(world, "cancel", batch[0].batch_id, *arguments, "--running", running, "-y")


async def pause_batch(world: World, seconds: float, roll: float) -> None:
    """Pause a batch that was published, for a while."""
    if world.produced:
        batch = world.produced[int(roll * len(world.produced))]
        await _pause(world, (batch[0].batch_id,), seconds)


async def pause_fleet(world: World, seconds: float) -> None:
    """Pause the whole fleet, for a while."""
    await _pause(world, (), seconds)


async def resume_all(world: World, longest_s: float) -> list[str]:
    """Resume what is still paused because a fault kept it from being resumed; return what stays paused."""
    left = []
    for target in sorted(world.to_resume):
        try:
            await until(partial(resume, world, target), longest_s, every=1.0)
        except TimeoutError:
            left.append(f"{' '.join(target) or 'the fleet'} cannot be resumed")
    return left


async def _pause(world: World, target: tuple[str, ...], seconds: float) -> None:
    world.pausing[target] += 1
    world.to_resume.add(target)
    obeyed = await operate(world, "pause", *target) == 0
    began = time.time()
    await pause(seconds)
    world.pausing[target] -= 1
    if world.pausing[target]:
        return  # the other one that pauses it resumes it
    if obeyed:
        world.pauses.append((target, began, time.time()))
    await resume(world, target)


async def resume(world: World, target: tuple[str, ...]) -> bool:
    """Resume a batch, or the fleet as (); a batch that may cost only so much gets twice the limit.

    Returns:
        whether that was done
    """
    raised = []
    for batch_id in target:
        if batch_id in world.ceilings:
            world.ceilings[batch_id] *= 2
            raised = ["--max-cost", amount(world.ceilings[batch_id])]
    if await operate(world, "resume", *target, *raised):
        return False
    if not world.pausing[target]:
        world.to_resume.discard(target)
    return True


def amount(millionths: int) -> str:
    """Format an amount of money as a command takes it."""
    return f"{Decimal(millionths) / MILLION:f}"


async def operate(world: World, act: str, *arguments: str) -> int:
    """Run gt-control and return its exit code; one that no fault explains is a surprise."""
    command = ours("gt-control", act, *arguments)
    try:
        code, said = await run_command(command, world.environment("operator"), _LONGEST_S)
    except TimeoutError:
        code, said = -1, f"it did not end within {_LONGEST_S:g} s"
    if (code and code not in _REFUSALS[act]) or "Traceback" in said:
        world.surprises.append(f"{' '.join(command[1:])} ended with {code}: {said[-1500:]}")
    world.acts[f"{act} {code}"] += 1
    return code
