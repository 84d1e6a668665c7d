"""What a program may give as an orchestrator, to be run in its own process."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import cast

from gt_common.errors import UsageError
from gt_consumer.orchestrator.calling import MakeOne
from gt_consumer.orchestrator.loading import Maker, Orchestrator, load_maker, make
from gt_consumer.orchestrator.spec import PythonSpec, parse_orchestrator


def maker_of(orchestrator: object, max_parallel: int) -> MakeOne:
    """Give what makes the orchestrator of an attempt in this process.

    Parameters:
        orchestrator: a name, a factory, or an object, which is used as it is
        max_parallel: stories at once

    Raises:
        UsageError, OrchestratorError: it is none of these, or cannot run so many
    """
    if isinstance(orchestrator, str):
        spec = parse_orchestrator(orchestrator)
        if not isinstance(spec, PythonSpec):
            raise UsageError('a command runs in a process of its own; leave isolation="caller" out')
        maker = load_maker(spec.target)
        return lambda: make(spec.target, maker)
    if inspect.isclass(orchestrator) or (callable(orchestrator) and not hasattr(orchestrator, "run")):
        factory = cast("Maker", orchestrator)
        return lambda: make(_said(factory), factory)
    if not callable(getattr(orchestrator, "run", None)):
        raise UsageError(
            f"{type(orchestrator).__name__} is no orchestrator: it is no factory and has no `run`"
        )
    if max_parallel > 1:
        raise UsageError(
            "several stories at once need an orchestrator each: give its class or a factory, "
            "or `lambda: orchestrator` when it keeps no state"
        )
    return lambda: _given(cast("Orchestrator", orchestrator))


async def _given(orchestrator: Orchestrator) -> Orchestrator:
    return orchestrator


def _said(factory: Callable[[], object]) -> str:
    return getattr(factory, "__qualname__", type(factory).__name__)
