"""What a run is going to do, before it does it."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from gt_common import reddit
from gt_common.cli.cost_estimate import CostEstimate
from gt_common.cli.operator import operator
from gt_common.ledger.earlier import Comparison, OnCompared, Rule, compare, video_is_gone
from gt_common.lifecycle import BatchState
from gt_common.messages import orchestrator_name, utc_now
from gt_common.money import DEFAULT_CURRENCY
from gt_common.settings import Settings
from gt_common.stories import ListReading, story_id, without
from gt_common.stories.urls import is_other_link
from gt_consumer.batch import work as batch_work
from gt_consumer.batch.history import HISTORY
from gt_consumer.batch.lock import batch_is_running
from gt_consumer.batch.request import Mode, Request
from gt_consumer.batch.work import BatchWork
from gt_consumer.orchestrator.spec import fetches_from_reddit, makes_posts_only
from gt_consumer.storage.finished_videos import find_finished

if TYPE_CHECKING:
    from gt_common.ledger.reader import LedgerReader


@dataclass(frozen=True)
class Plan:
    """The work of a run, and what was left out of it.

    Parameters:
        listed: the list as it was read
        compared: the list compared with other batches: what is left out, and what is made again
        durations: seconds that earlier videos took
        parallel: stories at the same time
        finished: how many of the stories already have their video in the output folder
        costs: what earlier videos of the same orchestrator have cost, in millionths
        currency: of all costs
    """

    listed: ListReading
    compared: Comparison
    work: BatchWork
    durations: Sequence[float]
    parallel: int
    finished: int = 0
    costs: Sequence[int] = ()
    currency: str = DEFAULT_CURRENCY

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

    @property
    def cost(self) -> CostEstimate:
        """What the run will probably cost."""
        return CostEstimate(self.to_run - self.finished, self.costs, self.currency)


def make_plan(
    request: Request,
    settings: Settings,
    ledger: LedgerReader | None,
    before: BatchState | None,
    on_compared: OnCompared = lambda _count: None,
) -> Plan:
    """Return the plan for a request.

    Parameters:
        ledger: None if there is none yet
        before: the batch according to the ledger; None for a new one
    """
    found = Comparison(request.listed.stories)
    if request.only_new and ledger is not None:
        found = _compare(request, settings, ledger, before.stories if before else (), on_compared)
    stories = found.stories
    if before is None or ledger is None:
        work = batch_work.begin(request.batch_id, stories, request.name, request.tags, request.schedule)
    elif request.mode is Mode.RETRY_FAILED:
        events = ledger.events(request.batch_id, HISTORY)
        work = batch_work.retry_failed(before, events, operator(), utc_now())
    else:
        left = batch_work.resume(before, ledger.events(request.batch_id, HISTORY), utc_now())
        work = batch_work.add(left, stories, request.schedule)
    work = batch_work.with_rules(work, request.rules)
    orchestrator = orchestrator_name(settings.orchestrator)
    durations = ledger.durations(orchestrator=orchestrator) if ledger else []
    costs = ledger.costs(orchestrator=orchestrator) if ledger else []
    return Plan(
        request.listed,
        found,
        work,
        durations,
        settings.prefetch,
        costs=costs,
        currency=settings.currency,
    )


def _compare(
    request: Request,
    settings: Settings,
    ledger: LedgerReader,
    listed: Collection[str],
    on_compared: OnCompared,
) -> Comparison:
    """Compare the stories of a list with other batches.

    Parameters:
        listed: ids of the stories that the batch has already; they stay in it
    """
    stories = request.listed.stories
    new = [story for story in stories if story_id(request.batch_id, story.canonical) not in listed]
    rule = Rule(
        request.batch_id,
        settings.orchestrator,
        video_is_gone,
        lambda other: other.made_by is None or batch_is_running(settings.state_dir, other.batch_id),
        request.skip_changed,
    )
    found = compare(ledger, new, rule, on_compared)
    left_out = {one.story.canonical for one in found.made} | {one.story.canonical for one in found.running}
    return replace(found, stories=without(stories, left_out))


def why_not_made(plan: Plan, settings: Settings) -> str:
    """Return why the orchestrator can make no video of some stories of the plan; empty if it can of all."""
    links = [story.url for story, _ in plan.work.stories if is_other_link(story.url)]
    if not links or not makes_posts_only(settings.orchestrator):
        return ""
    more = f" and {len(links) - 1} more" if len(links) > 1 else ""
    return (
        f"the studio makes videos of Reddit posts and story files, not of {links[0]}{more}; "
        "choose another --orchestrator for other links"
    )


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
