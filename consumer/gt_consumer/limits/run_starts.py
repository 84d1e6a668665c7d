"""Which runs really started: a story that only waited for its start has lost nothing with its worker.

Published only where starts of stories are limited: only there does a worker hold stories that do not run yet.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from gt_common.messages import StoryMessage
from gt_common.messaging.rate_limits.notices import StartNotice

REMEMBERED: Final = 10_000


def run_key(story: StoryMessage) -> str:
    """Name the run that a message asks for: the same for its redeliveries, different for later messages."""
    parts = (story.batch_id, story.story_id, story.generation, story.attempt, story.run)
    return "/".join(str(part) for part in parts)


class RunStarts:
    """How often each run was started, by any worker; the latest 10,000 runs."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, int] = OrderedDict()

    def add(self, notice: StartNotice) -> None:
        """Add a notice that was read from the stream."""
        self._counts[notice.run] = self._counts.pop(notice.run, 0) + 1
        if len(self._counts) > REMEMBERED:
            self._counts.popitem(last=False)

    def count(self, run: str) -> int:
        """Return how often a run was started."""
        return self._counts.get(run, 0)
