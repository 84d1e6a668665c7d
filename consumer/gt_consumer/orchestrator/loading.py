"""Loads a Python orchestrator, in child processes only: the worker's own process never imports one."""

from __future__ import annotations

import copy
import importlib
import inspect
from collections.abc import Callable
from typing import Protocol, cast

from gt_common.errors import OrchestratorError

_SHAPE = "async def run(self, story_url=None, project_id=None, resume=False)"


class Orchestrator(Protocol):
    """What makes a video of a story; GossipToon's own `PipelineOrchestrator` has this form."""

    async def run(
        self, story_url: str | None = None, project_id: str | None = None, resume: bool = False
    ) -> object:
        """Run the pipeline and return its result."""


Maker = Callable[[], object]


def load_maker(spec: str) -> Maker:
    """Return the function that makes a new orchestrator for each attempt.

    Parameters:
        spec: `package.module:name` of a factory function, a class or an instance; each attempt
            gets a deep copy of an instance as it was when it was loaded

    Raises:
        OrchestratorError: no such module or name, or not an orchestrator; what the module itself raises
            while it is imported is not caught
    """
    found = _find(spec)
    if inspect.isclass(found) or (callable(found) and not hasattr(found, "run")):
        return _checked_maker(spec, cast("Maker", found))
    if not callable(getattr(found, "run", None)):
        raise OrchestratorError(f"orchestrator {spec!r} must be a factory, or have `{_SHAPE}`")
    return _copier(spec, found)


async def make(spec: str, maker: Maker) -> Orchestrator:
    """Make the orchestrator of one attempt.

    Raises:
        OrchestratorError: what the factory returned has no `run`
    """
    made = maker()
    if inspect.isawaitable(made):
        made = await made
    if not callable(getattr(made, "run", None)):
        raise OrchestratorError(
            f"orchestrator {spec!r} returned {type(made).__name__}, which has no `{_SHAPE}`"
        )
    return cast("Orchestrator", made)


def _find(spec: str) -> object:
    module_name, _, path = spec.partition(":")
    try:
        found: object = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise OrchestratorError(
            f"orchestrator {spec!r} cannot be imported: {error}; install it, or change to its folder"
        ) from error
    for name in path.split("."):
        try:
            found = getattr(found, name)
        except AttributeError as error:
            raise OrchestratorError(f"orchestrator {spec!r} cannot be loaded: {error}") from error
    return found


def _checked_maker(spec: str, maker: Maker) -> Maker:
    try:
        inspect.signature(maker).bind()
    except TypeError as error:
        raise OrchestratorError(
            f"orchestrator {spec!r} cannot be called without arguments ({error}); "
            "write a factory function that passes them"
        ) from error
    except ValueError:
        # A callable written in C may have no signature; calling it will show.
        return maker
    return maker


def _copier(spec: str, instance: object) -> Maker:
    def copied() -> object:
        try:
            return copy.deepcopy(instance)
        except (TypeError, ValueError, copy.Error) as error:
            raise OrchestratorError(
                f"orchestrator {spec!r} is an object that cannot be copied for each attempt ({error}); "
                "name its class or a factory function"
            ) from error

    copied()
    return copied
