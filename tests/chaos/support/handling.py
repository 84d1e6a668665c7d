"""When workers ran a story, or had it in hand without running it, by what they noted and logged."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from chaos.support.stories import ChaosStory
    from chaos.support.world import World

_RETURNS: Final = ("resume_ordered", "parked_stories_returned")
"""Events of a worker that brings back, or has brought back, the parked stories of a batch."""


@dataclass(frozen=True)
class Run:
    """A run of a story, as the orchestrator noted it; or a moment at which a worker had it in hand."""

    at: float
    worker: str


def read_runs(world: World, story: ChaosStory) -> list[Run]:
    """Return the runs of a story, in their order."""
    path = world.runs / f"{story.batch_id}-{story.story_id}"
    if not path.exists():
        return []
    records = [json.loads(line) for line in path.read_text().splitlines()]
    return [Run(record["at"], record["worker"]) for record in records]


def read_handling(world: World, story: ChaosStory) -> list[Run]:
    """Return when a worker said something about a story, or brought back the parked ones of its batch.

    A fault at such a moment may leave two copies of the story: one was published, the other was not acked.
    They may lie in the queue of a paused batch for minutes before they run.
    """
    return [Run(at, worker) for at, worker, _ in _lines(world, story)]


def tell(world: World, story: ChaosStory) -> list[str]:
    """Return what the workers said of a story, in order of time, to be read by whoever looks for a fault."""
    return [f"{at:.3f} {worker}: {line}" for at, worker, line in sorted(_lines(world, story))]


def _lines(world: World, story: ChaosStory) -> list[tuple[float, str, str]]:
    found = []
    for path in world.logs.glob("*.log"):
        for stamped in path.read_text().splitlines():
            at, _, line = stamped.partition(" ")
            if story.story_id in line or (
                f'"batch_id": "{story.batch_id}"' in line and any(f'"{event}"' in line for event in _RETURNS)
            ):
                found.append((float(at), path.stem, line))
    return found
