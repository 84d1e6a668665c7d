"""What gt-batch prints besides its progress display: the plan, what was left out, and how the run ended."""

from __future__ import annotations

import json
from statistics import median

from gt_common.cli.earlier import comparison_document, say_comparison
from gt_common.cli.listing import say
from gt_common.durations import say_duration
from gt_common.lifecycle import BatchPhase
from gt_common.report.model import BatchResult
from gt_common.texts import one_line, plural
from gt_consumer.batch.engine import RunEnd
from gt_consumer.batch.plan import Plan
from gt_consumer.batch.request import Mode, Request


def show_plan(plan: Plan, *, as_json: bool) -> None:
    """Print what a run would do, and an estimate of its time."""
    say_comparison(plan.compared, "makes")
    if as_json:
        print(plan_document(plan, dry_run=True), flush=True)
    else:
        lines = [f"{story.position}\t{one_line(story.url)}\n" for story, _ in plan.work.stories]
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
    say(_estimate(plan))


def plan_document(plan: Plan, *, dry_run: bool) -> str:
    """Return the JSON object that `--json` prints for a dry run, or for a list with nothing to run."""
    work = plan.work
    document = {
        "schema": 1,
        "batch_id": work.batch_id if work.exists else None,
        "total": work.total,
        "stories": [
            {"story_id": story.story_id, "position": story.position, "url": story.url}
            for story, _ in work.stories
        ],
        **comparison_document(plan.compared),
        "repeated": [
            {"place": story.place, "url": story.url, "same_as": first.place}
            for story, first in plan.listed.repeated
        ],
        "notes": list(plan.listed.notes),
        "invalid": list(plan.listed.problems),
        "estimate_s": plan.estimate_s,
        "dry_run": dry_run,
    }
    return json.dumps(document, indent=2)


def say_nothing_to_do(request: Request) -> None:
    """Print why a run has no stories."""
    match request.mode:
        case Mode.LIST:
            say("nothing to do: no stories are left to make")
        case Mode.RESUME:
            say(f"batch {request.batch_id}: nothing left to do")
        case Mode.RETRY_FAILED:
            say(f"batch {request.batch_id}: no failed stories")


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


def say_run_end(end: RunEnd, report: BatchResult, allowed: int | None) -> None:
    """Print why a run ended before all stories were final, and the command that continues.

    Parameters:
        allowed: number of failures at which the run stops
    """
    resume = f"continue with: gt-batch --resume {report.batch_id}"
    if end is RunEnd.TOO_MANY_FAILED:
        reached = plural(allowed or 0, "failed story")
        say(f"stopped: the limit of {reached} is reached (--max-failures); {resume}")
    elif end is RunEnd.STOPPED:
        say(f"stopped; {resume}")
    elif report.state is BatchPhase.OPEN:
        left = report.queued + report.running + report.retrying
        say(f"{plural(left, 'story')} still to be made; {resume}")


def _estimate(plan: Plan) -> str:
    seconds, known = plan.estimate_s, len(plan.durations)
    if seconds is None:
        return "no time estimate: no video has been made yet"
    videos = plural(known, "video")
    middle = say_duration(median(plan.durations))
    at_once = f", {plan.parallel} at once" if plan.parallel > 1 else ""
    return f"estimated time: {say_duration(seconds)} (median of {videos}: {middle} each{at_once})"
