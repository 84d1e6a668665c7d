"""What gt-batch is about to do, as a value and as a JSON document."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from gt_common.stories import ListReading
from gt_consumer.batch.story_list import AlreadyMade
from gt_consumer.batch.work import BatchWork


@dataclass(frozen=True)
class Plan:
    """What a run is going to do, for those who ask before.

    Parameters:
        work: None when nothing is left to make
        durations: seconds that earlier videos took
        found: how many of the stories have their video in the output folder
    """

    reading: ListReading
    made: Sequence[AlreadyMade]
    work: BatchWork | None
    durations: Sequence[float]
    parallel: int
    found: int = 0

    @property
    def to_run(self) -> int:
        """How many stories are to be run."""
        return len(self.work.stories) if self.work else 0

    @property
    def estimate_s(self) -> float | None:
        """The seconds that the run will take, judging by the median of earlier videos."""
        if not self.durations:
            return None
        return round(median(self.durations) * math.ceil((self.to_run - self.found) / self.parallel), 3)


def plan_document(plan: Plan, *, dry_run: bool) -> str:
    """Give the object of `--json` of a dry run, or of a list of which nothing is left to make."""
    stories = plan.work.stories if plan.work else ()
    document = {
        "schema": 1,
        "batch_id": plan.work.batch_id if plan.work else None,
        "total": plan.work.total if plan.work else 0,
        "stories": [
            {"story_id": story.story_id, "position": story.position, "url": story.url} for story, _ in stories
        ],
        "already_made": [
            {"url": one.story.url, "batch_id": one.event.batch_id, "output_path": one.event.output_path}
            for one in plan.made
        ],
        "repeated": [
            {"place": story.place, "url": story.url, "same_as": first.place}
            for story, first in plan.reading.repeated
        ],
        "invalid": list(plan.reading.problems),
        "estimate_s": plan.estimate_s,
        "dry_run": dry_run,
    }
    return json.dumps(document, indent=2)
