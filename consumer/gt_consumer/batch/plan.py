"""What a run is going to do, before it does it."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from gt_common import reddit
from gt_common.cli.operator import operator
from gt_common.lifecycle import BatchState
from gt_common.messages import StorySucceeded, utc_now
from gt_common.settings import Settings
from gt_common.stories import ListReading, Story, story_id
from gt_consumer.batch import work as batch_work
from gt_consumer.batch.history import HISTORY
from gt_consumer.batch.request import Mode, Request
from gt_consumer.batch.work import BatchWork
from gt_consumer.orchestrator.spec import fetches_from_reddit
from gt_consumer.storage.finished_videos import find_finished

if TYPE_CHECKING:
    from gt_common.ledger.ledger import LedgerReader


@dataclass(frozen=True)
class AlreadyMade:
    """A story whose video an earlier batch has made."""

    story: Story
    event: StorySucceeded


@dataclass(frozen=True)
class Plan:
    """The work of a run, and what was left out of it.

    Parameters:
        listed: the list as it was read
        made: the stories of the list that are left out because an earlier batch has made them
        durations: seconds that earlier videos took
        parallel: stories at the same time
        finished: how many of the stories already have their video in the output folder
    """

    listed: ListReading
    made: Sequence[AlreadyMade]
    work: BatchWork
    durations: Sequence[float]
    parallel: int
    finished: int = 0

    @property
    def to_run(self) -> int:
        """How many stories are to be run."""
        return len(self.work.stories)

    @property
    def estimate_s(self) -> float | None:
        """The seconds that the run will take, estimated from the median of earlier videos."""
        if not self.durations:
            return None
        return round(median(self.durations) * math.ceil((self.to_run - self.finished) / self.parallel), 3)


def make_plan(
    request: Request, settings: Settings, ledger: LedgerReader | None, before: BatchState | None
) -> Plan:
    """Return the plan for a request.

    Parameters:
        ledger: None if there is none yet
        before: the batch according to the ledger; None for a new one
    """
    stories = request.listed.stories
    made: tuple[AlreadyMade, ...] = ()
    if request.only_new and ledger is not None:
        stories, made = _without_made(ledger, stories, request.batch_id, before.stories if before else ())
    if before is None or ledger is None:
        work = batch_work.begin(request.batch_id, stories, request.name, request.tags)
    elif request.mode is Mode.RETRY_FAILED:
        events = ledger.events(request.batch_id, HISTORY)
        work = batch_work.retry_failed(before, events, operator(), utc_now())
    else:
        left = batch_work.resume(before, ledger.events(request.batch_id, HISTORY), utc_now())
        work = batch_work.add(left, stories)
    durations = ledger.durations() if ledger else []
    return Plan(request.listed, made, work, durations, settings.prefetch)


def _without_made(
    ledger: LedgerReader, stories: Sequence[Story], batch_id: str, listed: Collection[str]
) -> tuple[tuple[Story, ...], tuple[AlreadyMade, ...]]:
    """Return the stories that no other batch has made, and those that one has.

    Parameters:
        listed: ids of the stories that the batch has already; they stay in it
    """
    new = [story for story in stories if story_id(batch_id, story.canonical) not in listed]
    made = ledger.made([story.canonical for story in new])
    left_out = tuple(AlreadyMade(story, made[story.canonical]) for story in new if story.canonical in made)
    gone = {one.story.canonical for one in left_out}
    return tuple(story for story in stories if story.canonical not in gone), left_out


def why_not_fetched(plan: Plan, settings: Settings) -> str:
    """Return why stories of the plan cannot be fetched here; empty if all can."""
    if not fetches_from_reddit(settings.orchestrator):
        return ""
    return reddit.why_not_fetched([story.url for story, _ in plan.work.stories])


def with_finished(plan: Plan, output: Path) -> Plan:
    """Return the plan with the number of stories that already have their video in the output folder."""
    folder = output.absolute()
    finished = sum(find_finished(folder, story) is not None for story, _ in plan.work.stories)
    return replace(plan, finished=finished)
