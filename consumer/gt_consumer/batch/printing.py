"""What gt-batch prints besides its progress display: the plan, what was left out, and how the run ended."""

from __future__ import annotations

import sys
from collections import Counter
from statistics import median
from typing import Final

from gt_common.cli.earlier import comparison_document, say_comparison
from gt_common.cli.json_output import json_parts
from gt_common.cli.listing import listing_document, say
from gt_common.cli.starts import said_waits, say_start, start_column
from gt_common.cli.stop_rules import cost_limit_text
from gt_common.durations import say_duration
from gt_common.ledger.overview import Overview
from gt_common.ledger.queries.orders import Orders
from gt_common.lifecycle import BatchPhase
from gt_common.messages import BatchHold, BatchPaused, utc_now
from gt_common.texts import by_whom, one_line, plural, utc_text
from gt_consumer.batch.engine import RunEnd
from gt_consumer.batch.plan import Plan
from gt_consumer.batch.request import Mode, Request
from gt_consumer.batch.stop_rules import RunRules, StopRule, stop_text

MOST_ORDERS: Final = 5
"""Cancels that the end of a run names."""


def show_plan(request: Request, plan: Plan, *, as_json: bool) -> None:
    """Print what a run would do, and an estimate of its time."""
    say_comparison(plan.compared, "makes")
    if as_json:
        print_plan(plan, dry_run=True)
    else:
        lines = [
            f"{story.position}\t{one_line(story.url)}{start_column(story.starts_at)}\n"
            for story, _ in plan.work.stories
        ]
        print("".join(lines), end="", flush=True)
    parts = [f"would run {plural(plan.to_run, 'story')}"]
    if plan.finished:
        parts.append(f"{plan.finished} of them only recorded because the video is already there")
    if plan.compared.again:
        parts.append(f"{len(plan.compared.again)} of them made again")
    if plan.compared.made:
        parts.append(f"{len(plan.compared.made)} already made")
    if plan.compared.running:
        parts.append(f"{len(plan.compared.running)} being made by another batch")
    if plan.listed.repeated:
        parts.append(f"{len(plan.listed.repeated)} repeated")
    if plan.listed.problems:
        parts.append(f"{len(plan.listed.problems)} invalid")
    say("dry run: " + ", ".join(parts))
    say_starts(request, plan)
    say(_estimate(plan))
    if line := plan.cost.line():
        say(line)


def say_starts(request: Request, plan: Plan) -> None:
    """Print when the stories start, if not at once; an existing batch keeps its start times."""
    now = utc_now()
    waits = plan.work.waits(now)
    said = say_start(request.schedule, plan.compared.stories)
    if waits is not None:
        said = said_waits(waits, plan.to_run, now)
    if said:
        say(f"batch {request.batch_id}: {said}")


def print_plan(plan: Plan, *, dry_run: bool) -> None:
    """Print the JSON object of `--json` for a dry run, or for a list with nothing to run."""
    work = plan.work
    document = {
        "schema": 1,
        "batch_id": work.batch_id if work.exists else None,
        "total": work.total,
        "stories": (
            {
                "story_id": story.story_id,
                "position": story.position,
                "url": story.url,
                "starts_at": utc_text(story.starts_at) if story.starts_at else None,
            }
            for story, _ in work.stories
        ),
        **comparison_document(plan.compared),
        **listing_document(plan.listed),
        "estimate_s": plan.estimate_s,
        **plan.cost.document(),
        "dry_run": dry_run,
    }
    sys.stdout.writelines(json_parts(document))
    sys.stdout.flush()


def say_nothing_to_do(request: Request) -> None:
    """Print why a run has no stories."""
    match request.mode:
        case Mode.LIST:
            say("nothing to do: no stories are left to make")
        case Mode.RESUME:
            say(f"batch {request.batch_id}: nothing left to do")
        case Mode.RETRY_FAILED:
            say(f"batch {request.batch_id}: no failed stories")


def say_unsent(number: int) -> None:
    """Print how many notifications have not been sent, and who tries again; the log says why."""
    if number:
        say(
            f"{plural(number, 'notification')} could not be sent yet; the next gt-batch or gt-aggregate with "
            "this ledger tries again; check: gt-control notify-test"
        )


def say_stopping(running: int) -> None:
    """Print what happens after the first signal, unless nothing is running.

    Parameters:
        running: stories that are being run
    """
    if running:
        say(
            f"stopping: finishing {plural(running, 'story')} in progress, starting no new ones; "
            "press Ctrl-C again to stop at once"
        )


def say_run_end(end: RunEnd, batch: Overview, rules: RunRules, currency: str) -> None:
    """Print why a run ended before all stories were final, and the command that continues."""
    resume = f"continue with: gt-batch --resume {batch.head.batch_id}"
    if end is RunEnd.STOPPED_BY_RULE:
        if rules.met is StopRule.MAX_COST:
            resume += f" --max-cost {cost_limit_text(2 * max(rules.cost, rules.allowed_cost or 0))}"
        say(f"stopped: {stop_text(rules, currency)}; {resume}")
    elif end is RunEnd.STOPPED:
        say(f"stopped; {resume}")
    elif batch.phase is BatchPhase.OPEN:
        left = sum(number for status, number in batch.counts.items() if not status.final)
        say(f"{plural(left, 'story')} still to be made; {resume}")


def say_orders(orders: Orders | None) -> None:
    """Print who cancelled stories of the batch, how many, and why."""
    by = Counter(by_whom(event.by, event.reason) for event in orders.cancelled) if orders else Counter()
    for whom, number in by.most_common(MOST_ORDERS):
        say(f"{plural(number, 'story')} cancelled by {whom}")
    if len(by) > MOST_ORDERS:
        say(f"and {plural(by.total() - sum(n for _, n in by.most_common(MOST_ORDERS)), 'story')} by others")


def say_paused(batch_id: str, hold: BatchHold | None) -> None:
    """Print that a batch begins paused, and the command that resumes it."""
    if isinstance(hold, BatchPaused):
        whom = by_whom(hold.by, hold.reason)
        say(f"batch {batch_id} is paused by {whom}; no story starts before: gt-control resume {batch_id}")


def _estimate(plan: Plan) -> str:
    seconds, known = plan.estimate_s, len(plan.durations)
    if seconds is None:
        return "no time estimate: no video has been made yet"
    videos = plural(known, "video")
    middle = say_duration(median(plan.durations))
    at_once = f", {plan.parallel} at once" if plan.parallel > 1 else ""
    return f"estimated time: {say_duration(seconds)} (median of {videos}: {middle} each{at_once})"
