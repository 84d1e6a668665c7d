"""The orchestrators that a program may pass to `BatchProcessor` for its own event loop."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import cast

from gt_common.errors import UsageError
from gt_consumer.orchestrator.calling import MakeOne
from gt_consumer.orchestrator.loading import Maker, Orchestrator, load_maker, make
from gt_consumer.orchestrator.spec import PythonSpec, parse_orchestrator


def maker_of(orchestrator: object, max_parallel: int) -> MakeOne:
    """Return a function that makes the orchestrator of an attempt in this process.

    Parameters:
        orchestrator: a name, a factory, or an object, which is used as it is
        max_parallel: stories at the same time

    Raises:
        UsageError, OrchestratorError: it is none of these, or it cannot run several stories at a time
    """
    if isinstance(orchestrator, str):
        spec = parse_orchestrator(orchestrator)
        if not isinstance(spec, PythonSpec):
            raise UsageError('a command always runs in its own process; remove isolation="caller"')
        maker = load_maker(spec.target)
        return lambda: make(spec.target, maker)
    if inspect.isclass(orchestrator) or (callable(orchestrator) and not hasattr(orchestrator, "run")):
        factory = cast("Maker", orchestrator)
        return lambda: make(_said(factory), factory)
    if not callable(getattr(orchestrator, "run", None)):
        raise UsageError(
            f"{type(orchestrator).__name__} is not an orchestrator: "
            "it is neither callable nor has a `run` method"
        )
    if max_parallel > 1:
        raise UsageError(
            "with max_parallel > 1 each story needs its own orchestrator: pass its class or a factory, "
            "or `lambda: orchestrator` if it keeps no state"
        )
    return lambda: _given(cast("Orchestrator", orchestrator))


async def _given(orchestrator: Orchestrator) -> Orchestrator:
    return orchestrator


def _said(factory: Callable[[], object]) -> str:
    return getattr(factory, "__qualname__", type(factory).__name__)
