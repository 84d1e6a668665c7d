"""What gt-batch says besides its display: the plan, what was left out, the summary."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from gt_common.cli.listing import MOST_REPEATED, say
from gt_common.durations import say_duration
from gt_common.lifecycle import BatchPhase
from gt_common.report.model import BatchResult
from gt_common.texts import one_line, plural
from gt_consumer.batch.engine import RunEnd
from gt_consumer.batch.plan import Plan, plan_document
from gt_consumer.batch.story_list import AlreadyMade


def say_made(made: Sequence[AlreadyMade]) -> None:
    """List the stories that are left out because an earlier batch has made them."""
    for one in made[:MOST_REPEATED]:
        place = Path(one.event.output_path)
        gone = "" if place.exists() or "://" in one.event.output_path else " (no longer there)"
        say(one_line(f"{one.story.place}: already made in batch {one.event.batch_id}: {place}{gone}"))
    if len(made) > MOST_REPEATED:
        say(f"… and {len(made) - MOST_REPEATED} more that are already made")
    if made:
        say(f"{plural(len(made), 'story')} left out as already made; --force makes them again")


def show_plan(plan: Plan, *, as_json: bool) -> None:
    """Print what would be run, and say how long it may take."""
    if as_json:
        print(plan_document(plan, dry_run=True), flush=True)
    else:
        stories = plan.work.stories if plan.work else ()
        print(
            "".join(f"{story.position}\t{one_line(story.url)}\n" for story, _ in stories), end="", flush=True
        )
    parts = [f"would run {plural(plan.to_run, 'story')}"]
    if plan.found:
        parts.append(f"{plan.found} of them have their video already and are only reported")
    if plan.made:
        parts.append(f"{len(plan.made)} are already made")
    if plan.reading.repeated:
        repeated = len(plan.reading.repeated)
        parts.append("1 comes again" if repeated == 1 else f"{repeated} come again")
    if plan.reading.problems:
        parts.append(f"{len(plan.reading.problems)} are no stories")
    say("dry run: " + ", ".join(parts))
    say(_said_estimate(plan))


def say_run_end(ending: RunEnd, report: BatchResult, allowed: int | None) -> None:
    """Say why a run ended before all stories did, and what to type next.

    Parameters:
        allowed: at how many failures a run stops
    """
    go_on = f"go on with: gt-batch --resume {report.batch_id}"
    if ending is RunEnd.TOO_MANY_FAILED:
        say(f"stopped: --max-failures is {allowed}, and so many stories failed; {go_on}")
    elif ending is RunEnd.STOPPED:
        say(f"stopped; {go_on}")
    elif report.state is BatchPhase.OPEN:
        left = report.queued + report.running + report.retrying
        say(f"{plural(left, 'story')} of it still to be made; {go_on}")


def _said_estimate(plan: Plan) -> str:
    seconds = plan.estimate_s
    if seconds is None:
        return "no estimate of the time: no video was made before"
    of = f"the median of the last {len(plan.durations)} videos, {say_duration(median(plan.durations))}"
    at_once = f", {plan.parallel} at once" if plan.parallel > 1 else ""
    return f"about {say_duration(seconds)}, judging by {of} each{at_once}"
