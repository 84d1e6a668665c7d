"""Which stories really began: one that only waited for its start has lost nothing with its worker.

Told where starts of stories are limited, since only there a worker holds stories that do not run yet; the
notices go to the stream of pauses.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from gt_common.messages import Label, StoryMessage

REMEMBERED: Final = 10_000


class StartNotice(BaseModel):
    """A run begins."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    v: Literal[1] = 1
    type: Literal["start"] = "start"
    run: Label


def name_run(story: StoryMessage) -> str:
    """Name what a message asks for: the same for each delivery of it, another for each message after it."""
    names = (story.batch_id, story.story_id, story.generation, story.attempt, story.run)
    return "/".join(str(name) for name in names)


class StartMemory:
    """What the stream told of starts, the latest 10,000."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, int] = OrderedDict()

    def note(self, notice: StartNotice) -> None:
        """Take a notice from the stream."""
        self._counts[notice.run] = self._counts.pop(notice.run, 0) + 1
        while len(self._counts) > REMEMBERED:
            self._counts.popitem(last=False)

    def count(self, run: str) -> int:
        """Give how often a run began."""
        return self._counts.get(run, 0)
