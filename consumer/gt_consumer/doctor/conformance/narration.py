"""Words for what happens during a trial."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, assert_never

from gt_common.durations import say_duration
from gt_common.failures import Failure
from gt_common.money import format_millionths
from gt_common.texts import one_line, truncate
from gt_consumer.doctor.conformance.record import RunRecord
from gt_consumer.processes.costs import WrongCost
from gt_consumer.processes.protocol import ProjectBegun, Stage
from gt_consumer.runner.outcomes import (
    Cancelled,
    FailedForGood,
    FailedForNow,
    Interrupted,
    NotDue,
    Succeeded,
    Unfit,
    Waiting,
)

MOST_NAMED: Final = 3

_WIDTH = 300


def describe_report(record: RunRecord) -> str | None:
    """Describe the last report of a run if it is new: another stage, a project, or a cost that is wrong."""
    at, last = record.heard[-1]
    match last:
        case Stage():
            before = next((one for _, one in reversed(record.heard[:-1]) if isinstance(one, Stage)), None)
            return None if before and before.stage == last.stage else f"{at:6.1f} s  stage {last.stage}"
        case ProjectBegun(None):
            return f"{at:6.1f} s  the project cannot be resumed, starts over"
        case ProjectBegun():
            return f"{at:6.1f} s  project {last.project_id}"
        case WrongCost():
            return f"{at:6.1f} s  cost not counted: {truncate(one_line(last.wrong_cost), _WIDTH)}"
        case _:
            return None


def describe_spent(record: RunRecord, currency: str) -> str | None:
    """Describe what a run has spent, with its providers; None if it has not said any."""
    if not record.spent:
        return None
    total = format_millionths(sum(record.spent.values()), currency)
    return f"cost {total}: {name_some([one_line(name) for name in record.spent])}"


def describe_end(record: RunRecord) -> str:
    """Describe how a run ended."""
    return f"{record.seconds:6.1f} s  {_end(record)}"


def describe_failure(failure: Failure) -> str:
    """Return the type of a failure, its message in one line, and its stage."""
    stage = f", in stage {failure.stage}" if failure.stage else ""
    return truncate(one_line(f"{failure.type}: {failure.message}"), _WIDTH) + stage


def where(run: RunRecord) -> str:
    """Describe where in a run it was disturbed."""
    return f"in stage {run.last_stage}" if run.last_stage else f"after {run.disturbed_at or 0.0:.1f} s"


def name_some(names: Sequence[str]) -> str:
    """Return the first of some names, and how many more there are."""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def _end(record: RunRecord) -> str:
    outcome = record.outcome
    match outcome:
        case None | NotDue():
            return "not run"
        case Succeeded():
            return "made its video"
        case FailedForNow() | FailedForGood():
            return describe_failure(outcome.failure)
        case Waiting():
            return f"{outcome.provider} asks to wait {say_duration(outcome.retry_after)}"
        case Interrupted() | Cancelled():
            return "stopped"
        case Unfit():
            return truncate(one_line(outcome.problem), _WIDTH)
        case _:
            assert_never(outcome)
