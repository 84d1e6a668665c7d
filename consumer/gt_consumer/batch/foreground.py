"""Runs a batch on a terminal: progress display, signals, log file, and the report at the end."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from gt_common.cli.listing import say
from gt_common.cli.signals import StopSignals
from gt_common.errors import ExitCode, GossipToonError, OutputError
from gt_common.files import private_opener
from gt_common.lifecycle import BatchPhase
from gt_common.log import configure_logging
from gt_common.progress.display import Progress
from gt_common.report.building import WholeBatch
from gt_common.report.final import exit_code, print_final_report
from gt_common.report.latest_attempts import attempts_to_show
from gt_common.report.save import save_report
from gt_common.texts import short_path
from gt_common.tracing.opening import tracing
from gt_consumer.batch.engine import BatchEngine, RunEnd
from gt_consumer.batch.prepare import Prepared
from gt_consumer.batch.printing import say_orders, say_paused, say_run_end, say_stopping, say_unsent
from gt_consumer.batch.stop_rules import budget_text
from gt_consumer.worker.watching import Watching, watching

if TYPE_CHECKING:
    from gt_common.tracing.tracer import Tracer

TICK_S = 1.0


def run_and_show(batch: Prepared, *, as_json: bool) -> int:
    """Run a prepared batch, print and save its report, and return the exit code.

    Raises:
        OutputError: the batch's folder cannot be written
        LedgerUnreachableError, CredentialsRefusedError: finished stories are kept
    """
    batch_id = batch.request.batch_id
    folder = batch.settings.output.absolute() / batch_id
    log_path = folder / "batch.log"
    say_paused(batch_id, batch.hold)
    with _open_log(log_path) as log:
        configure_logging(batch.settings, log)
        try:
            with tracing(batch.settings, "gt-batch") as tracer:
                end, stopped_by = asyncio.run(_run(batch, tracer))
        except (GossipToonError, OSError):
            say(f"finished stories are kept; continue with: gt-batch --resume {batch_id}")
            raise
        finally:
            configure_logging(batch.settings)
    phase = _print_and_save(batch, folder, as_json=as_json)
    say(f"log: {short_path(log_path)}")
    say_unsent(batch.count_unsent())
    say_orders(batch.ledger.orders(batch_id))
    say_run_end(end, batch.ledger.overview(batch_id), batch.rules, batch.settings.currency)
    return _exit_code(end, stopped_by, phase)


def _print_and_save(batch: Prepared, folder: Path, *, as_json: bool) -> BatchPhase:
    """Print the report and save it; return the phase of the batch."""
    batch_id = batch.request.batch_id
    with batch.ledger.snapshot(batch_id) as snapshot:
        report = WholeBatch.of_snapshot(snapshot, batch.settings.currency)
        print_final_report(report, as_json=as_json)
        try:
            files = save_report(report, folder, attempts_to_show(batch.ledger, snapshot))
            for path in files:  # one a line, so that each is whole on a narrow terminal
                say(f"report: {short_path(path)}")
        except (OSError, OutputError) as error:
            say(f"the report could not be saved ({error}); when that is fixed, run: gt-report {batch_id}")
    return batch.ledger.phase(batch_id)


async def _run(batch: Prepared, tracer: Tracer | None) -> tuple[RunEnd, int | None]:
    signals = StopSignals()
    async with watching(batch.settings, tracer, local=True) as watched:
        if watched.trouble:
            say(watched.trouble)
        return await _run_watched(batch, watched, signals), signals.exit_code


async def _run_watched(batch: Prepared, watched: Watching, signals: StopSignals) -> RunEnd:
    settings = batch.settings
    with Progress(
        batch.request.batch_id,
        state=batch.plan.work.before,
        max_attempts=settings.max_attempts,
        currency=settings.currency,
    ) as progress:

        def near() -> None:
            progress.remark(budget_text(batch.rules, batch.settings.currency))

        batch.rules.on_near.append(near)

        async def companion(engine: BatchEngine) -> None:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_stop_on_signals(engine, signals, batch.request.batch_id))
                tasks.create_task(_tick(progress))

        return await batch.run(progress.event, companion, watched)


async def _stop_on_signals(engine: BatchEngine, signals: StopSignals, batch_id: str) -> None:
    await signals.wait_first()
    engine.stop()
    say_stopping(engine.running)
    await signals.wait_second()
    say(f"stopping now; continue later with: gt-batch --resume {batch_id}")
    await engine.interrupt()


async def _tick(progress: Progress) -> None:
    while True:
        await asyncio.sleep(TICK_S)
        progress.tick()


def _open_log(path: Path) -> TextIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return open(path, "a", buffering=1, encoding="utf-8", errors="replace", opener=private_opener)
    except OSError as error:
        raise OutputError(
            f"cannot write the log {path}: {error.strerror}; set GT_OUTPUT to another folder"
        ) from None


def _exit_code(end: RunEnd, stopped_by: int | None, phase: BatchPhase) -> int:
    if end is RunEnd.STOPPED_BY_RULE:
        return ExitCode.STOPPED_BY_RULE
    if end is RunEnd.STOPPED and stopped_by is not None:
        return stopped_by
    return exit_code(phase)
