"""Checks an orchestrator before the first story: it exists, can be loaded, and its own `check()` passes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Final

from gt_common.errors import OrchestratorError
from gt_consumer.orchestrator.spec import CommandSpec, parse_orchestrator
from gt_consumer.processes.protocol import Checked, ChildState, Failed, Message, parse

CHECK_SECONDS: Final = 120.0

_MAX_REASON = 1000


def check_orchestrator(text: str) -> tuple[str, ...]:
    """Check an orchestrator; blocks while a child process loads it and calls its module's `check()`.

    Returns:
        what `check()` found, line by line; nothing for a command or a module without `check()`

    Raises:
        OrchestratorError: with one line that says what is wrong
    """
    spec = parse_orchestrator(text)
    if isinstance(spec, CommandSpec):
        if shutil.which(spec.program) is None:
            raise OrchestratorError(
                f"orchestrator {text!r}: there is no program {spec.program!r} that can be run"
            )
        return ()
    return _check_python(spec.target)


def _check_python(target: str) -> tuple[str, ...]:
    code, answers = _check_in_child(target)
    loaded = False
    for answer in answers:
        match answer:
            case ChildState("loaded"):
                loaded = True
            case Checked():
                return answer.checked
            case Failed():
                raise OrchestratorError(" ".join(answer.message.split())[:_MAX_REASON])
            case _:
                continue
    action = "run its check()" if loaded else "load"
    if code is None:
        raise OrchestratorError(f"orchestrator {target!r} took longer than {CHECK_SECONDS:g} s to {action}")
    step = "runs its check()" if loaded else "imports it"
    raise OrchestratorError(f"orchestrator {target!r} ends the process that {step} (exit code {code})")


def _check_in_child(target: str) -> tuple[int | None, list[Message]]:
    """Return the child's exit code, None if it ran out of time, and what it answered."""
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb", buffering=0) as answers:
        try:
            code = _run_child(target, writer)
        finally:
            os.close(writer)
        # Processes that the child left running may keep the pipe open.
        os.set_blocking(reader, False)
        return code, list(_messages(answers.read(65536) or b""))


def _messages(data: bytes) -> Iterator[Message]:
    for line in data.splitlines():
        message = parse(line)
        if message is not None:
            yield message


def _run_child(target: str, writer: int) -> int | None:
    try:
        return subprocess.run(
            [sys.executable, "-m", "gt_consumer.orchestrator.child", "check", target, str(writer)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(writer,),
            timeout=CHECK_SECONDS,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        return None
