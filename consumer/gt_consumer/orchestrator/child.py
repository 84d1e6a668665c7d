"""The process in which a Python orchestrator runs: one story after another.

Started by the worker as `python -m gt_consumer.orchestrator.child serve|check SPEC FD`; FD carries the
messages, so that standard output and error are the orchestrator's own.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import io
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from gt_common.errors import ExitCode, OrchestratorError
from gt_consumer.orchestrator.calling import run_attempt
from gt_consumer.orchestrator.channel import Channel, RunPermits, StageReporter
from gt_consumer.orchestrator.loading import Maker, load_maker, make
from gt_consumer.orchestrator.offered_check import call_check
from gt_consumer.orchestrator.results import read_exception
from gt_consumer.processes.protocol import Checked, ChildState, Failed, Run

_PR_SET_PDEATHSIG = 1


def serve(spec: str, channel: Channel) -> None:
    """Run the stories that the worker sends; ends with the process."""
    requests = channel.requests()
    maker: Maker | None = None
    while True:
        request = requests.get()
        channel.send(ChildState("accepted"))
        reporter, permits = StageReporter(channel), RunPermits(channel)
        folder = Path.cwd()
        try:
            maker = maker or load_maker(spec)
            asyncio.run(_run(spec, maker, request, reporter, permits))
        except BaseException as error:  # noqa: BLE001 - whatever a foreign module raises is the run's failure
            reporter.close(read_exception(error))
        permits.close()
        with contextlib.suppress(OSError):
            os.chdir(folder)
        channel.send(ChildState("idle"))


def check(spec: str, channel: Channel) -> None:
    """Load the orchestrator, call its module's `check()`, and report the result."""
    try:
        load_maker(spec)
        channel.send(ChildState("loaded"))
        channel.send(Checked(call_check(spec)))
    except OrchestratorError as error:
        channel.send(Failed("OrchestratorError", str(error)))
    except BaseException as error:  # noqa: BLE001 - whatever a foreign module raises is reported
        text = f"orchestrator {spec!r} cannot be imported: {type(error).__name__}: {error}"
        channel.send(Failed("OrchestratorError", text))


async def _run(spec: str, maker: Maker, request: Run, reporter: StageReporter, permits: RunPermits) -> None:
    _cancel_on_terminate(reporter)
    final = await run_attempt(lambda: make(spec, maker), request, reporter, permits)
    # Sent before the loop is closed, which a thread that the orchestrator left behind can delay.
    reporter.close(final)


def _cancel_on_terminate(reporter: StageReporter) -> None:
    """Let SIGTERM cancel the run, so that the orchestrator can clean up, and then end the process."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()

    def die(_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)

    def terminate() -> None:
        reporter.close(None)
        if task is not None:
            task.add_done_callback(die)
            task.cancel()

    loop.add_signal_handler(signal.SIGTERM, terminate)


def _die_with_guard() -> None:
    """On Linux, let the kernel kill this process when its guard dies."""
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _report_crashes() -> None:
    """Print the Python stack when the process crashes, without the long stack of C."""
    if sys.version_info >= (3, 14):
        faulthandler.enable(c_stack=False)
    else:
        faulthandler.enable()


def _line_buffered() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True, errors="backslashreplace")


def main(arguments: list[str]) -> int:
    """Serve the worker, or check an orchestrator."""
    modes: dict[str, Callable[[str, Channel], None]] = {"serve": serve, "check": check}
    if len(arguments) != 3 or arguments[0] not in modes:
        print(
            "gt_consumer.orchestrator.child is started by a worker; use gt-consume or gt-batch",
            file=sys.stderr,
        )
        return ExitCode.USAGE
    mode, spec, fd = arguments
    _report_crashes()
    _line_buffered()
    if mode == "serve":
        _die_with_guard()
    modes[mode](spec, Channel(int(fd)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
