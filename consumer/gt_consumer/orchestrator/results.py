"""Reads what an orchestrator returned or raised into the final message of its run."""

from __future__ import annotations

import os
import traceback
from collections.abc import Mapping
from pathlib import Path

from gt_common.errors import CredentialsRefusedError, OrchestratorError, PermanentError, RateLimited
from gt_common.failures import head_and_tail
from gt_consumer.processes.machine import OF_ALL_PROCESSES, machine_problem
from gt_consumer.processes.protocol import Failed, Final, VideoMade, Wait
from gt_consumer.processes.values import number, project_name

FAILED_RESULT = "OrchestratorFailed"
UNUSABLE_RESULTS = frozenset({"UnknownResult", "NoVideo"})

_PERMANENT = (PermanentError, OrchestratorError, CredentialsRefusedError)
_MAX_MESSAGE = 4000
_MAX_TRACEBACK = 4000
_MAX_CHAIN = 10


def read_result(result: object) -> Final:
    """Read an orchestrator's result.

    `success` must be True or False; True needs `video_project.output_path` or `output_path`.
    A result of any other form is a failure.
    """
    success = _get(result, "success")
    project_id = project_name(_get(result, "project_id"))
    if success is False:
        reason = _get(result, "error")
        text = (
            head_and_tail(str(reason), _MAX_MESSAGE)
            if reason
            else "the orchestrator failed and gave no reason"
        )
        return Failed(FAILED_RESULT, text, project_id=project_id)
    if success is not True:
        return Failed(
            "UnknownResult",
            f"the orchestrator's result ({type(result).__name__}) has no `success` that is True or False",
            project_id=project_id,
        )
    project = _get(result, "video_project")
    path = _path(_get(project, "output_path")) or _path(_get(result, "output_path"))
    if path is None:
        return Failed("NoVideo", "the orchestrator succeeded without an output_path", project_id=project_id)
    length = number(_get(project, "total_duration"))
    return VideoMade(path, number(_get(result, "duration")) if length is None else length, project_id)


def read_exception(error: BaseException) -> Final:
    """Read what an orchestrator raised; the only error of a group counts as itself."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if isinstance(error, RateLimited):
        return Wait(error.provider, number(error.retry_after) or 0.0, project_name(error.project_id))
    lines = "".join(traceback.format_exception(error))
    return Failed(
        type=type(error).__name__,
        message=head_and_tail(_text(error) or type(error).__name__, _MAX_MESSAGE),
        retryable=not isinstance(error, _PERMANENT),
        traceback=lines[-_MAX_TRACEBACK:],
        machine=machine_problem(error, OF_ALL_PROCESSES) is not None,
        causes=causes_of(error)[1:],
    )


def causes_of(error: BaseException) -> tuple[str, ...]:
    """Return an error and what it was raised from, one after the other, as `Type: text`."""
    found: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen and len(found) < _MAX_CHAIN:
        seen.add(id(current))
        text = " ".join(_text(current).split())
        found.append(head_and_tail(f"{type(current).__name__}: {text}", _MAX_MESSAGE))
        hidden = current.__suppress_context__
        current = current.__cause__ or (None if hidden else current.__context__)
    return tuple(found)


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a foreign class may fail to print; its failure must still be reported
        return ""


def _get(holder: object, name: str) -> object:
    if isinstance(holder, Mapping):
        return holder.get(name)
    return getattr(holder, name, None)


def _path(value: object) -> str | None:
    if isinstance(value, bytes):
        value = os.fsdecode(value)
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if not isinstance(value, str) or not value or "\0" in value:
        return None
    return str(Path(value).absolute())
