"""Loads and calls a Python orchestrator; only children do it, so the worker's process never imports one."""

from __future__ import annotations

import copy
import importlib
import inspect
from collections.abc import Callable
from typing import Protocol, cast

from gt_common.errors import OrchestratorError

_SHAPE = "async def run(self, story_url=None, project_id=None, resume=False)"


class Orchestrator(Protocol):
    """What makes a video of a story; `GossipToon`'s own `PipelineOrchestrator` has this form."""

    async def run(
        self, story_url: str | None = None, project_id: str | None = None, resume: bool = False
    ) -> object:
        """Run the pipeline and give its result."""


Maker = Callable[[], object]


def load_maker(spec: str) -> Maker:
    """Give what makes a new orchestrator for an attempt.

    Parameters:
        spec: `package.module:name` of a factory function, a class or an instance; of an instance each attempt
            gets a deep copy as it was when it was loaded

    Raises:
        OrchestratorError: no such module or name, or it cannot be used so; what the module itself raises
            while it is imported comes through
    """
    found = _find(spec)
    if inspect.isclass(found) or (callable(found) and not hasattr(found, "run")):
        return _checked_maker(spec, cast("Maker", found))
    if not callable(getattr(found, "run", None)):
        raise OrchestratorError(f"orchestrator {spec!r} is neither a factory nor has it `{_SHAPE}`")
    return _copier(spec, found)


async def make(spec: str, maker: Maker) -> Orchestrator:
    """Make the orchestrator of one attempt.

    Raises:
        OrchestratorError: what the factory gave has no `run`
    """
    made = maker()
    if inspect.isawaitable(made):
        made = await made
    if not callable(getattr(made, "run", None)):
        raise OrchestratorError(f"orchestrator {spec!r} gave {type(made).__name__}, without `{_SHAPE}`")
    return cast("Orchestrator", made)


def _find(spec: str) -> object:
    module_name, _, path = spec.partition(":")
    try:
        found: object = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise OrchestratorError(
            f"orchestrator {spec!r} cannot be imported: {error}; install it, or start in its folder"
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
            "write a factory function that gives them"
        ) from error
    except ValueError:
        # A callable written in C may have no signature; calling it will tell.
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
