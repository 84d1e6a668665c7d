"""Cheap stories, drawn from a seed, whose right outcome is known in advance."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from random import Random

from gt_common.lifecycle import StoryStatus
from gt_common.money import MILLION
from gt_common.stories import story_id

FOREVER = 1_000_000
"""`times` of a story that never succeeds."""
RUN_COST = 100_000
"""What each run of a drawn story costs, in millionths of the currency."""

# What a story does, how often it does so before it goes well, and how many of a hundred are so.
_KINDS: tuple[tuple[str, int, float], ...] = (
    ("ok", 0, 10),
    ("slow", 0, 60),
    ("flaky", 1, 9),
    ("flaky", 2, 4),
    ("flaky", FOREVER, 3),
    ("permanent", FOREVER, 6),
    ("hang", 1, 1.5),
    ("segfault", 1, 4),
    ("segfault", FOREVER, 0.7),
    ("hog", 1, 3),
    ("killed", 1, 3),
    ("flood", 0, 4),
    ("rubbish", 0, 4),
    ("limited", 1, 4),
    ("novideo", 1, 2),
)


@dataclass(frozen=True)
class ChaosStory:
    """A story and its right outcome.

    Parameters:
        do, times: what its run does, and how often before it succeeds
        ends: its right outcome, if that is not the one of its runs
        cost: what each of its runs spends, in millionths of the currency
    """

    batch_id: str
    position: int
    url: str
    do: str
    times: int
    seconds: float
    ends: StoryStatus | None = None
    cost: int = 0

    @property
    def story_id(self) -> str:
        """The id that gt-produce gives it."""
        return story_id(self.batch_id, self.url)

    @property
    def outcome(self) -> StoryStatus:
        """How it must end."""
        return self.ends or (StoryStatus.FAILED if self.times == FOREVER else StoryStatus.SUCCESS)

    def most_runs(self, max_attempts: int) -> int:
        """Return how often it is run if no fault occurs."""
        if self.do == "permanent":
            return 1
        return max_attempts if self.times == FOREVER else self.times + 1

    def line(self, runs: Path) -> str:
        """Format its line of a list file."""
        options = {"runs": str(runs), "do": self.do, "times": self.times, "seconds": self.seconds}
        if self.cost:
            options["cost"] = self.cost / MILLION
        return json.dumps({"url": self.url, "options": options})


def draw_stories(random: Random, batch_id: str, count: int) -> list[ChaosStory]:
    """Draw the stories of a batch."""
    kinds = random.choices(_KINDS, weights=[weight for _, _, weight in _KINDS], k=count)
    return [
        ChaosStory(
            batch_id,
            position,
            f"https://www.reddit.com/comments/{position:x}a/",
            do,
            times,
            random.uniform(0.5, 3.0) if do == "slow" else random.uniform(0.0, 0.1),
            cost=RUN_COST,
        )
        for position, (do, times, _) in enumerate(kinds, start=1)
    ]


def write_list(stories: list[ChaosStory], folder: Path, runs: Path) -> Path:
    """Write the list file of a batch."""
    path = folder / f"{stories[0].batch_id}.jsonl"
    path.write_text("".join(f"{story.line(runs)}\n" for story in stories))
    return path
