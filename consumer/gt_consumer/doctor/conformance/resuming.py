"""Which promises about kills and resumes an orchestrator keeps. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from gt_common.texts import plural
from gt_consumer.doctor.conformance.narration import describe_failure, name_some, where
from gt_consumer.doctor.conformance.record import RunRecord, StageTime
from gt_consumer.doctor.conformance.trial import Evidence
from gt_consumer.doctor.finding import Finding, fail, ok, warn
from gt_consumer.runner.outcomes import FailedForGood, FailedForNow

LEAST_S: Final = 0.1
"""Of a stage that is done in less time it cannot be told whether it was done again."""

PROJECT_CURE: Final = (
    'name it before the first paid call: `job().project("NAME")`, or print `{"project_id": "NAME"}` and take '
    "`{project_id}` as an argument; fine as it is if a run costs nothing"
)


def judge_retry(seen: Evidence) -> Finding:
    """Judge the attempt after a kill."""
    killed, retry = seen.killed, seen.retry
    if killed is None or killed.disturbed_at is None or retry is None:
        return warn("retry", "not tried: every run ended before it could be killed", "")
    said = f"killed {where(killed)}"
    outcome = retry.outcome
    if isinstance(outcome, FailedForNow | FailedForGood):
        return fail("retry", f"{said}; the next attempt failed: {describe_failure(outcome.failure)}")
    ends = [run for run in (retry, seen.resumed) if run is not None and run.succeeded]
    if not ends:
        return fail("retry", f"{said}; the attempt after it made no video")
    return ok("retry", f"{said}; the attempt after it made the video")


def judge_resume(seen: Evidence) -> Finding:
    """Judge whether a later run continues in the project of a disturbed one."""
    again = [(before, run) for before, run in _pairs(seen) if before.project is not None]
    if not again:
        return warn("resume", "nothing to resume: no disturbed run had named a project", "")
    for before, run in again:
        project = before.project[1] if before.project else ""
        if run.resumed != project:
            return fail("resume", f"project {project} was not resumed by the {run.name} run")
        if run.started_over:
            cure = "keep what the project needs outside of the working folder, which is removed"
            return fail(
                "resume", f"project {project} could not be resumed, the {run.name} run started over", cure
            )
    last = again[-1][1]
    if not last.succeeded and last.disturbed_at is None:
        return fail("resume", f"the {last.name} run of project {last.resumed} made no video")
    return ok("resume", f"{plural(len(again), 'run')} continued in the project of the one before")


def judge_paid(seen: Evidence, first: RunRecord) -> Finding:
    """Judge whether finished stages are done again after a disturbance."""
    usual = {stage.name: stage for stage in first.stages}
    counted = any(stage.calls for stage in usual.values())
    verdicts = dict(_compared(_pairs(seen), usual, counted=counted))
    redone = [name for name, again in verdicts.items() if again]
    unknown = [name for name, again in verdicts.items() if again is None]
    if redone and all(before.project is None for before, _ in _pairs(seen)):
        said = f"without a project, finished stages are done again: {name_some(redone)}"
        return warn("paid twice", said, "")
    if redone:
        cure = "look for the product of a stage before making it; report a stage only where it does something"
        return fail("paid twice", f"done again although it was finished: {name_some(redone)}", cure)
    if unknown:
        said = f"not known: {name_some(unknown)} was reported again, but takes less than {LEAST_S:g} s"
        return warn("paid twice", said, "use a slower stand-in for the service")
    if not any(before.finished_stages for before, _ in _pairs(seen)):
        return ok("paid twice", "no stage was finished before a run was disturbed")
    how = "by the calls that it asked for" if counted else "by the time that stages took"
    return ok("paid twice", f"no finished stage was done again, {how}")


def _compared(
    pairs: Sequence[tuple[RunRecord, RunRecord]], usual: Mapping[str, StageTime], *, counted: bool
) -> Iterator[tuple[str, bool | None]]:
    """Yield whether each finished stage of a disturbed run was done again, the worst verdict last."""
    verdicts = [
        (stage.name, _done_again(usual[stage.name], again, counted=counted))
        for before, run in pairs
        for stage in before.finished_stages
        for again in run.stages
        if again.name == stage.name and stage.name in usual
    ]
    yield from sorted(verdicts, key=lambda verdict: (False, None, True).index(verdict[1]))


def _done_again(usual: StageTime, again: StageTime, *, counted: bool) -> bool | None:
    """Whether a stage was done again; None if that cannot be told."""
    if counted and usual.calls:
        return again.calls > 0
    if usual.seconds < LEAST_S:
        return None
    return again.seconds > usual.seconds / 2


def _pairs(seen: Evidence) -> list[tuple[RunRecord, RunRecord]]:
    """Return each disturbed run with the run that followed on it."""
    pairs = [(seen.killed, seen.retry), (seen.stopped, seen.resumed)]
    return [(before, run) for before, run in pairs if before and run and before.disturbed_at is not None]
