"""The process in which a Python orchestrator runs: one story after another.

Started as `python -m gt_consumer.orchestrator.child fork|check SPEC FD`. With `fork`, this process only forks
the children in which stories run: the modules of this package are loaded once, the orchestrator's own in each
child. A descriptor of its own carries the messages, so that standard output and error are the orchestrator's.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import io
import os
import signal
import sys
import traceback
from pathlib import Path

from gt_common.errors import ExitCode
from gt_consumer.orchestrator.calling import run_attempt
from gt_consumer.orchestrator.channel import Channel, RunPermits, StageReporter
from gt_consumer.orchestrator.check_results import as_error
from gt_consumer.orchestrator.kept_loop import KeptLoop
from gt_consumer.orchestrator.loading import Maker, load_maker, make
from gt_consumer.orchestrator.offered_check import call_check
from gt_consumer.orchestrator.results import read_exception
from gt_consumer.processes.fork_server import ForkServer
from gt_consumer.processes.protocol import Checked, ChildState, Failed, Final, Run


def serve(spec: str, channel: Channel) -> None:
    """Run the stories that the worker sends; ends with the process."""
    requests = channel.requests()
    maker: Maker | None = None
    loop = KeptLoop()
    while True:
        request = requests.get()
        channel.send(ChildState("accepted"))
        reporter, permits = StageReporter(channel), RunPermits(channel)
        folder = Path.cwd()
        try:
            maker = maker or load_maker(spec)
            final = loop.run(_run(spec, maker, request, reporter, permits))
        except BaseException as error:  # noqa: BLE001 - whatever a foreign module raises is the run's failure
            final = read_exception(error)
        told = loop.clean
        if not told:
            # Before the loop is closed, which a thread that the orchestrator left behind can delay.
            reporter.close(final)
            _close(loop)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        permits.close()
        with contextlib.suppress(OSError):
            os.chdir(folder)
        if told:
            reporter.close(final, ChildState("idle"))
        else:
            channel.send(ChildState("idle"))


def _close(loop: KeptLoop) -> None:
    """Close a loop with all that a run has left in it."""
    try:
        loop.close()
    except BaseException:  # noqa: BLE001 - what the run left behind must not end the child
        traceback.print_exc()


def check(spec: str, channel: Channel) -> None:
    """Load the orchestrator, run the check that it offers, and report the result."""
    try:
        maker = load_maker(spec)
        channel.send(ChildState("loaded"))
        channel.send(Checked(call_check(spec, maker)))
    except BaseException as error:  # noqa: BLE001 - whatever a foreign module raises is reported
        refused = as_error(f"orchestrator {spec!r} cannot be imported", error)
        channel.send(Failed(type(refused).__name__, str(refused)))


async def _run(spec: str, maker: Maker, request: Run, reporter: StageReporter, permits: RunPermits) -> Final:
    _cancel_on_terminate(reporter)
    final = await run_attempt(lambda: make(spec, maker), request, reporter, permits)
    if reporter.ending:
        # The process ends with this task.
        reporter.close(final)
    return final


def _cancel_on_terminate(reporter: StageReporter) -> None:
    """Let SIGTERM cancel the run, so that the orchestrator can clean up, and then end the process."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()

    def die(_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)

    def terminate() -> None:
        reporter.end_soon()
        if task is not None:
            task.add_done_callback(die)
            task.cancel()

    # Not with the loop's `add_signal_handler`, which costs more than all the rest of a loop.
    signal.signal(signal.SIGTERM, lambda *_: loop.call_soon_threadsafe(terminate))


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
    if len(arguments) != 3 or arguments[0] not in {"fork", "check"}:
        print(
            "gt_consumer.orchestrator.child is started by a worker; use gt-consume or gt-batch",
            file=sys.stderr,
        )
        return ExitCode.USAGE
    mode, spec, fd = arguments
    _report_crashes()
    _line_buffered()
    if mode == "check":
        check(spec, Channel(int(fd)))
    else:
        # What a first event loop imports is shared by all children, too.
        asyncio.run(asyncio.sleep(0))
        ForkServer(int(fd), lambda channel: serve(spec, Channel(channel))).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
