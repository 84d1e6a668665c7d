"""One attempt of a Python orchestrator, in any process: a project is resumed if there is one, else begun."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from gt_consumer import jobs
from gt_consumer.orchestrator.channel import RunPermits, StageReporter
from gt_consumer.orchestrator.loading import Orchestrator
from gt_consumer.orchestrator.results import FAILED_RESULT, UNUSABLE_RESULTS, read_exception, read_result
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
    )
    token = jobs.enter(current)
    final = await _run_once(make_one, request)
    if request.project_id is not None and reporter.open and _cannot_resume(final, reporter):
        reason = final.message if isinstance(final, Failed) else ""
        print(
            f"project {request.project_id} cannot be resumed, starting over: {reason}",
            file=sys.stderr,
        )
        reporter.start_over()
        final = await _run_once(make_one, replace(request, project_id=None))
    jobs.leave(token)
    return final


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
