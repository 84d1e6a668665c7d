"""Calls the `check()` that a module of an orchestrator may offer."""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Iterable
from itertools import islice

from gt_common.errors import GossipToonError, OrchestratorError

MAX_LINES = 20
MAX_LINE = 500


def call_check(target: str) -> tuple[str, ...]:
    """Call `check()` of the module that was loaded for an orchestrator, if the module offers one.

    It may be a function or a coroutine function and takes no arguments. One that needs arguments is a
    function of the module's own, and is not called.

    Parameters:
        target: `package.module:name`

    Returns:
        what it returned, as lines: a text, several texts, or None for nothing

    Raises:
        OrchestratorError: with what the check raised
    """
    offered = getattr(sys.modules[target.partition(":")[0]], "check", None)
    if not callable(offered) or not _takes_no_arguments(offered):
        return ()
    try:
        result: object = offered()
        if inspect.isawaitable(result):
            result = asyncio.run(_wait_for(result))
        return _lines(result)
    except GossipToonError as error:
        raise OrchestratorError(str(error)) from error
    except Exception as error:
        text = f"check() of orchestrator {target!r} failed: {type(error).__name__}: {error}"
        raise OrchestratorError(text) from error


async def _wait_for(result: object) -> object:
    return await result if inspect.isawaitable(result) else result


def _takes_no_arguments(function: object) -> bool:
    try:
        inspect.signature(function).bind()  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return True


def _lines(result: object) -> tuple[str, ...]:
    if result is None:
        return ()
    found = [result] if isinstance(result, str) or not isinstance(result, Iterable) else result
    lines = (" ".join(str(line).split())[:MAX_LINE] for line in found)
    return tuple(islice((line for line in lines if line), MAX_LINES))
