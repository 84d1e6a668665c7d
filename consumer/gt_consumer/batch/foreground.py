"""Runs a batch before somebody's eyes: display, signals, log file, and the report at the end."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from gt_common.cli.listing import say
from gt_common.cli.signals import StopSignals
from gt_common.errors import ExitCode, GossipToonError, OutputError
from gt_common.log import configure_logging
from gt_common.messages import utc_now
from gt_common.progress.display import Progress
from gt_common.report.final import exit_code, print_final_report
from gt_common.report.model import BatchResult, build_report
from gt_common.report.save import save_report
from gt_common.settings import Settings
from gt_consumer.batch.engine import BatchEngine, RunEnd
from gt_consumer.batch.printing import say_run_end
from gt_consumer.batch.work import BatchWork
from gt_consumer.limits.local import open_local_limiter
from gt_consumer.runner.executors import make_runner

if TYPE_CHECKING:
    from gt_common.ledger.ledger import Ledger

TICK_S = 1.0


@dataclass(frozen=True)
class Rules:
    """How a batch is run.

    Parameters:
        max_failures: stories that may fail before no other is started; None for no limit
        force: make videos again that lie in the output folder
        as_json: print the report as JSON
    """

    max_failures: int | None = None
    force: bool = False
    as_json: bool = False


def run_and_show(settings: Settings, ledger: Ledger, work: BatchWork, rules: Rules) -> int:
    """Run a batch, or what is left of it; give the exit code.

    Raises:
        OutputError: the batch's folder cannot be written
        LedgerUnreachableError, CredentialsRefusedError: what was committed stands
    """
    folder = settings.output.absolute() / work.batch_id
    log_path = folder / "batch.log"
    with _open_log(log_path) as log:
        configure_logging(settings, log)
        try:
            ending, stopped_by = asyncio.run(_run(settings, ledger, work, rules))
        except (GossipToonError, OSError):
            say(f"what was done stands; go on with: gt-batch --resume {work.batch_id}")
            raise
        finally:
            configure_logging(settings)
    report = build_report(ledger.batch(work.batch_id), utc_now())
    print_final_report(report, as_json=rules.as_json)
    try:
        files = save_report(report, folder, ledger.attempts(work.batch_id))
        say(f"report: {', '.join(str(path) for path in files)}")
    except (OSError, OutputError) as error:
        say(f"the report is not saved ({error}); make room, then: gt-report {work.batch_id}")
    say(f"log: {log_path}")
    say_run_end(ending, report, rules.max_failures)
    return _exit_code(ending, stopped_by, report)


async def _run(
    settings: Settings, ledger: Ledger, work: BatchWork, rules: Rules
) -> tuple[RunEnd, int | None]:
    signals = StopSignals()
    with Progress(work.batch_id, state=work.before, max_attempts=settings.max_attempts) as progress:
        limiter = open_local_limiter(settings)
        async with aclosing(make_runner(settings, limiter, force=rules.force)) as runner:
            engine = BatchEngine(
                settings, runner, ledger, progress.event, limiter, max_failures=rules.max_failures
            )
            beside = [
                asyncio.create_task(_stop_on_signals(engine, signals, work.batch_id)),
                asyncio.create_task(_tick(progress)),
            ]
            try:
                ending = await engine.run(work.events, work.stories)
            finally:
                for task in beside:
                    task.cancel()
                await asyncio.gather(*beside, return_exceptions=True)
    return ending, signals.exit_code


async def _stop_on_signals(engine: BatchEngine, signals: StopSignals, batch_id: str) -> None:
    await signals.wait_first()
    engine.stop()
    if engine.running:
        say(
            f"stopping: what runs may finish ({engine.running}), no other story is started; "
            "Ctrl-C again gives it back at once"
        )
    await signals.wait_second()
    say(f"stopping now; go on later with: gt-batch --resume {batch_id}")
    await engine.interrupt()


async def _tick(progress: Progress) -> None:
    while True:
        await asyncio.sleep(TICK_S)
        progress.tick()


def _open_log(path: Path) -> TextIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a", buffering=1, encoding="utf-8", errors="replace")
    except OSError as error:
        raise OutputError(f"the log cannot be written to {path}: {error.strerror}; set GT_OUTPUT") from None


def _exit_code(ending: RunEnd, stopped_by: int | None, report: BatchResult) -> int:
    if ending is RunEnd.TOO_MANY_FAILED:
        return ExitCode.STOPPED_BY_RULE
    if ending is RunEnd.STOPPED and stopped_by is not None:
        return stopped_by
    return exit_code(report.state)
