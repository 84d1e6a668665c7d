"""Checks an orchestrator before the first story: it exists, can be loaded, and the check it offers passes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from gt_common.errors import OrchestratorError
from gt_common.redaction import redact
from gt_common.texts import one_line
from gt_consumer.orchestrator.check_results import REFUSALS
from gt_consumer.orchestrator.spec import CommandSpec, parse_to_run
from gt_consumer.processes.protocol import Checked, ChildState, Failed, Message, parse

CHECK_SECONDS: Final = 120.0
"""The default of GT_CHECK_TIMEOUT."""

_MAX_REASON = 1000
_MAX_PRINTED = 8000


def check_orchestrator(text: str, limit_s: float = CHECK_SECONDS, cwd: Path | None = None) -> tuple[str, ...]:
    """Check an orchestrator; blocks while a child process loads it and runs the check that it offers.

    Parameters:
        limit_s: seconds that importing the module and its check may take together
        cwd: the folder in which a program runs; None for that of its attempt

    Returns:
        what the check found, line by line; nothing for a command or an orchestrator without one

    Raises:
        CredentialsRefusedError: a key is missing or refused
        MachineUnfitError: this machine lacks something else, or a service does not answer
        OrchestratorError: the orchestrator cannot be loaded or made, or its check failed
            each with one line that says what is wrong
    """
    spec = parse_to_run(text, cwd)
    if isinstance(spec, CommandSpec):
        if shutil.which(spec.program) is None:
            raise OrchestratorError(
                f"orchestrator {text!r}: there is no program {spec.program!r} that can be run"
            )
        return ()
    return _check_python(spec.target, limit_s)


def _check_python(target: str, limit_s: float) -> tuple[str, ...]:
    child = _run_child(target, limit_s)
    loaded = False
    for answer in child.answers:
        match answer:
            case ChildState("loaded"):
                loaded = True
            case Checked():
                return answer.checked
            case Failed():
                kind = REFUSALS.get(answer.type, OrchestratorError)
                raise kind(redact(one_line(answer.message))[:_MAX_REASON])
            case _:
                continue
    printed = f"; it printed: {child.printed}" if child.printed else ""
    if child.code is None:
        action = "run its check" if loaded else "load"
        raise OrchestratorError(
            f"orchestrator {target!r} took longer than {limit_s:g} s to {action}; "
            f"if it only needs more time, set GT_CHECK_TIMEOUT{printed}"
        )
    step = "runs its check" if loaded else "imports it"
    raise OrchestratorError(
        f"orchestrator {target!r} ends the process that {step} (exit code {child.code}){printed}"
    )


@dataclass(frozen=True)
class _Checked:
    """How the child process of a check ended.

    Parameters:
        code: its exit code; None if it ran out of time
        printed: the last line that it printed, without secrets
    """

    code: int | None
    answers: Sequence[Message]
    printed: str


def _run_child(target: str, limit_s: float) -> _Checked:
    """Run the check in a group of processes of its own; none outlives it, nor do temporary files."""
    reader, writer = os.pipe()
    with (
        os.fdopen(reader, "rb", buffering=0) as answers,
        tempfile.TemporaryFile() as output,
        tempfile.TemporaryDirectory(prefix="gt-check-", ignore_cleanup_errors=True) as folder,
    ):
        try:
            child = subprocess.Popen(
                [sys.executable, "-m", "gt_consumer.orchestrator.child", "check", target, str(writer)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(writer,),
                start_new_session=True,
                env=os.environ | {"TMPDIR": folder},
            )
        finally:
            os.close(writer)
        code = _wait_for(child, limit_s)
        # A process that has left the group may keep the pipe open.
        os.set_blocking(reader, False)
        return _Checked(code, list(_messages(answers.read(65536) or b"")), _last_line(output))


def _wait_for(child: subprocess.Popen[bytes], limit_s: float) -> int | None:
    try:
        return child.wait(limit_s)
    except subprocess.TimeoutExpired:
        return None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _last_line(output: IO[bytes]) -> str:
    output.seek(max(0, output.seek(0, os.SEEK_END) - _MAX_PRINTED))
    lines = output.read().decode(errors="replace").strip().splitlines()
    return redact(one_line(lines[-1]))[-_MAX_REASON:] if lines else ""


def _messages(data: bytes) -> Iterator[Message]:
    for line in data.splitlines():
        message = parse(line)
        if message is not None:
            yield message
