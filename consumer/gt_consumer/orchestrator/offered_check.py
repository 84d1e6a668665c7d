"""Calls the check that an orchestrator offers: `check()` of its module, or its own `check()` or
`validate_setup()`; without any, making the orchestrator once is the check.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeGuard

from gt_common.errors import CredentialsRefusedError, GossipToonError
from gt_consumer import jobs
from gt_consumer.orchestrator.check_results import as_error, read_answer
from gt_consumer.orchestrator.loading import Maker, make

OF_AN_ORCHESTRATOR: Final = ("check", "validate_setup")
"""In this order; the second is what GossipToon's own orchestrator has."""
NO_STORY: Final = "check"
"""Batch and story id of the job in which an orchestrator is made for its check."""


@dataclass(frozen=True)
class TrialJob(jobs.Job):
    """The job of a check, which has no story; notes what of it was read."""

    read: set[str] = field(default_factory=set)

    def __getattribute__(self, name: str) -> object:
        if not name.startswith("_") and name != "read":
            object.__getattribute__(self, "read").add(name)
        return object.__getattribute__(self, name)


def call_check(target: str, maker: Maker) -> tuple[str, ...]:
    """Check an orchestrator.

    A check may be a function or a coroutine function and takes no arguments. One that needs arguments is a
    function of the module's own, and is not called.

    Parameters:
        target: `package.module:name`

    Returns:
        what the check found, as lines

    Raises:
        CredentialsRefusedError, MachineUnfitError, OrchestratorError: with what the check found or raised
    """
    offered = getattr(sys.modules[target.partition(":")[0]], "check", None)
    if _takes_no_arguments(offered):
        return asyncio.run(_call(f"check() of orchestrator {target!r}", offered))
    with tempfile.TemporaryDirectory(prefix="gt-check-") as folder:
        return asyncio.run(_make_and_check(target, maker, Path(folder)))


async def _make_and_check(target: str, maker: Maker, folder: Path) -> tuple[str, ...]:
    trial = TrialJob(NO_STORY, NO_STORY, "", 1, folder)
    token = jobs.enter(trial)
    try:
        return await _made_and_checked(target, maker, trial)
    finally:
        jobs.leave(token)


async def _made_and_checked(target: str, maker: Maker, trial: TrialJob) -> tuple[str, ...]:
    try:
        orchestrator = await make(target, maker)
    except GossipToonError as error:
        raise as_error(f"orchestrator {target!r} cannot be made", error) from error
    except (Exception, SystemExit) as error:
        refused = as_error(f"orchestrator {target!r} cannot be made", error)
        if trial.read and not isinstance(refused, CredentialsRefusedError):
            # It may be made when there is a story.
            return (f"not made without a story: {type(error).__name__}: {error}",)
        raise refused from error
    for name in OF_AN_ORCHESTRATOR:
        offered = getattr(orchestrator, name, None)
        if _takes_no_arguments(offered):
            return await _call(f"{name}() of orchestrator {target!r}", offered)
    return ()


async def _call(what: str, offered: Callable[[], object]) -> tuple[str, ...]:
    try:
        answer = offered()
        if inspect.isawaitable(answer):
            answer = await answer
        return read_answer(what, answer)
    except GossipToonError as error:
        raise as_error(what, error) from error
    except (Exception, SystemExit) as error:
        raise as_error(f"{what} failed", error) from error


def _takes_no_arguments(function: object) -> TypeGuard[Callable[[], object]]:
    if not callable(function):
        return False
    try:
        inspect.signature(function).bind()
    except (TypeError, ValueError):
        return False
    return True
