"""One attempt of a Python orchestrator, in any process: a project is resumed if there is one, else begun."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from gt_common.failures import MAX_TRACEBACK
from gt_consumer import jobs
from gt_consumer.orchestrator.channel import RunPermits, StageReporter
from gt_consumer.orchestrator.loading import Orchestrator
from gt_consumer.orchestrator.logged_errors import watch_logged_errors
from gt_consumer.orchestrator.results import (
    FAILED_RESULT,
    UNUSABLE_RESULTS,
    causes_of,
    read_exception,
    read_result,
)
from gt_consumer.processes.protocol import Failed, Final, Run

MakeOne = Callable[[], Awaitable[Orchestrator]]


async def run_attempt(make_one: MakeOne, request: Run, reporter: StageReporter, permits: RunPermits) -> Final:
    """Run an orchestrator with its `job()`; whatever it raises is the attempt's failure.

    Parameters:
        make_one: returns a new orchestrator; called again when a project cannot be resumed
    """
    current = jobs.Job(
        story_id=request.story_id,
        batch_id=request.batch_id,
        url=request.url,
        attempt=request.attempt,
        workdir=Path(request.workdir),
        options=request.options,
        story_roots=tuple(map(Path, request.story_roots)),
        reporter=reporter,
        acquirer=permits,
        projector=reporter.project,
        spender=reporter.spend,
        usage_taker=reporter.use,
        project_folder=Path(request.project_folder) if request.project_folder else None,
    )
    token = jobs.enter(current)
    with watch_logged_errors(current) as logged:
        final = await _run_from(make_one, request, reporter)
    jobs.leave(token)
    return _with_cause(final, logged.last)


async def _run_from(make_one: MakeOne, request: Run, reporter: StageReporter) -> Final:
    """Run from the project that the request names, or from the beginning if that cannot be resumed."""
    final = await _run_once(make_one, request)
    if request.project_id is not None and reporter.open and _cannot_resume(final, reporter):
        reason = final.message if isinstance(final, Failed) else ""
        print(
            f"project {request.project_id} cannot be resumed, starting over: {reason}",
            file=sys.stderr,
        )
        reporter.start_over()
        final = await _run_once(make_one, replace(request, project_id=None))
    return final


def _with_cause(final: Final, logged: BaseException | None) -> Final:
    """Return a failed result with the error that the orchestrator logged on its way to it."""
    if not isinstance(final, Failed) or final.type != FAILED_RESULT or logged is None:
        return final
    lines = "".join(traceback.format_exception(logged))
    return replace(final, causes=causes_of(logged), traceback=final.traceback or lines[-MAX_TRACEBACK:])


async def _run_once(make_one: MakeOne, request: Run) -> Final:
    try:
        orchestrator = await make_one()
        if request.project_id is None:
            result = await orchestrator.run(story_url=request.url)
        else:
            result = await orchestrator.run(project_id=request.project_id, resume=True)
        return read_result(result)
    except BaseException as error:  # noqa: BLE001 - whatever an orchestrator raises is the run's failure
        return read_exception(error)


def _cannot_resume(final: Final, reporter: StageReporter) -> bool:
    """Whether a project has no usable checkpoint; the story then starts again within the same attempt.

    A pipeline whose first stage fails names its project before there is a checkpoint, and raises when asked
    to resume it; one that is resumed after its last stage succeeds without naming its video.
    """
    if not isinstance(final, Failed) or not final.retryable or final.type == FAILED_RESULT:
        return False
    return final.type in UNUSABLE_RESULTS or not reporter.used
