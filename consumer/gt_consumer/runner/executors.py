"""Makes the runner that the settings describe, with the adapter for its kind of orchestrator."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gt_common.settings import Settings
from gt_consumer.limits import Limiter
from gt_consumer.orchestrator.spec import CommandSpec, parse_orchestrator
from gt_consumer.runner.child_execution import ChildExecutor
from gt_consumer.runner.command_execution import CommandExecutor
from gt_consumer.runner.execution import Executor
from gt_consumer.runner.runner import Runner

OF_A_PROGRAM = "an object of a program"
"""Name of an orchestrator that has none, in what videos were made from."""


def make_executor(orchestrator: str, result_roots: Sequence[Path] = ()) -> Executor:
    """Return what runs an orchestrator in processes of its own.

    Parameters:
        orchestrator: `studio`, `package.module:factory` or `command:PROGRAM ARG…`
        result_roots: folders besides its own in which a program's video may lie

    Raises:
        OrchestratorError: it is none of the three
    """
    spec = parse_orchestrator(orchestrator)
    if isinstance(spec, CommandSpec):
        return CommandExecutor(spec, result_roots)
    return ChildExecutor(spec.target)


def make_runner(
    settings: Settings, limiter: Limiter, *, executor: Executor | None = None, force: bool = False
) -> Runner:
    """Return a runner with the folders and the time limit of the settings.

    Parameters:
        executor: what runs the stories; by default `settings.orchestrator` in child processes
        force: make videos again that are already in the output folder

    Raises:
        OrchestratorError: `settings.orchestrator` is not an orchestrator
    """
    return Runner(
        executor or make_executor(settings.orchestrator_to_run, settings.result_roots),
        settings.output,
        settings.time_limit,
        reuse_finished=not force,
        limiter=limiter,
        story_roots=settings.story_roots,
        orchestrator=OF_A_PROGRAM if executor else settings.orchestrator,
    )
