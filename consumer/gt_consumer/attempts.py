"""One attempt of a Python orchestrator, wherever it runs: begun, or resumed and else begun anew."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

from gt_consumer.loading import Orchestrator
from gt_consumer.protocol import Failed, Final, Run
from gt_consumer.results import FAILED_RESULT, UNUSABLE_RESULTS, read_exception, read_result

MakeOne = Callable[[], Awaitable[Orchestrator]]


class Stages(Protocol):
    """What is known of an attempt's stage reports: whether they are still heard, and whether any came."""

    open: bool
    used: bool


async def run_attempt(make_one: MakeOne, request: Run, stages: Stages) -> Final:
    """Run an orchestrator; whatever it raises is the attempt's failure.

    Parameters:
        make_one: gives a new orchestrator; asked again when a project cannot be resumed
    """
    final = await _run_once(make_one, request)
    if request.project_id is not None and stages.open and _cannot_resume(final, stages):
        reason = final.message if isinstance(final, Failed) else ""
        print(f"project {request.project_id} cannot be resumed, begun anew: {reason}", file=sys.stderr)
        final = await _run_once(make_one, replace(request, project_id=None))
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


def _cannot_resume(final: Final, stages: Stages) -> bool:
    """Tell whether a project has no checkpoint to go on from, which costs no attempt.

    A pipeline whose first stage fails names its project before there is a checkpoint, and raises when it is
    to resume it; one that is resumed after its last stage succeeds without telling where its video is.
    """
    if not isinstance(final, Failed) or not final.retryable or final.type == FAILED_RESULT:
        return False
    return final.type in UNUSABLE_RESULTS or not stages.used
