"""Makes the runner that the settings describe, with the adapter for its kind of orchestrator."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from gt_common.settings import Settings
from gt_consumer.limits import Limiter
from gt_consumer.orchestrator.spec import CommandSpec, parse_to_run
from gt_consumer.runner.child_execution import ChildExecutor
from gt_consumer.runner.execution import GRACE_SECONDS, Executor
from gt_consumer.runner.prices import read_prices
from gt_consumer.runner.runner import Runner

OF_A_PROGRAM = "an object of a program"
"""Name of an orchestrator that has none, in what videos were made from."""


def make_executor(
    orchestrator: str,
    result_roots: Sequence[Path] = (),
    *,
    cwd: Path | None = None,
    stage_pattern: re.Pattern[str] | None = None,
) -> Executor:
    """Return what runs an orchestrator in processes of its own.

    Parameters:
        orchestrator: `studio`, `package.module:factory` or `command:PROGRAM ARG…`
        result_roots: folders besides its own in which a program's video may lie
        cwd: the folder in which a program runs; None for that of the attempt
        stage_pattern: finds stages in what a program prints

    Raises:
        OrchestratorError: it is none of the three
        UsageError: a folder is given for something else than a program
    """
    spec = parse_to_run(orchestrator, cwd)
    if isinstance(spec, CommandSpec):
        from gt_consumer.runner.command_execution import CommandExecutor  # others need none of its imports

        return CommandExecutor(spec, result_roots, cwd=cwd, stage_pattern=stage_pattern)
    executor = ChildExecutor(spec.target)
    executor.warm_up()
    return executor


def executor_of(settings: Settings) -> Executor:
    """Return what runs the orchestrator of the settings in processes of its own.

    Raises:
        UsageError, OrchestratorError: as `make_executor`
    """
    return make_executor(
        settings.orchestrator_to_run,
        settings.result_roots,
        cwd=settings.cwd,
        stage_pattern=settings.stage_pattern,
    )


def make_runner(
    settings: Settings,
    limiter: Limiter,
    *,
    executor: Executor | None = None,
    force: bool = False,
    grace: float = GRACE_SECONDS,
) -> Runner:
    """Return a runner with the folders and the time limit of the settings.

    Parameters:
        executor: what runs the stories; by default `settings.orchestrator` in child processes
        force: make videos again that are already in the output folder
        grace: seconds between asking a run to end and forcing it

    Raises:
        OrchestratorError: `settings.orchestrator` is not an orchestrator
        UsageError: GT_PRICES is invalid
    """
    prices = read_prices(settings.prices)
    return Runner(
        executor or executor_of(settings),
        settings.output,
        settings.time_limit,
        grace=grace,
        reuse_finished=not force,
        limiter=limiter,
        story_roots=settings.story_roots,
        orchestrator=OF_A_PROGRAM if executor else settings.orchestrator,
        prices=prices,
    )
