"""The suite's orchestrator: does what the story's options say, and records each run."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path

from gt_consumer import Job, PermanentError, RateLimited, job
from support.orchestrators.results import Result, made
from support.waiting import pause

_ROOM = 64 * 1024 * 1024
_FLOOD = 2 * 1024 * 1024


class Cheap:
    """`chaos.support.orchestrator:Cheap`; options: `runs` (a folder), `do`, `times`, `seconds`, `cost`."""

    async def run(
        self, story_url: str | None = None, project_id: str | None = None, resume: bool = False
    ) -> Result:
        """Misbehave as often as `times` says, then make the video."""
        current = job()
        current.report("working", 0.0)
        before = _note_run(current)
        if current.options.get("cost"):
            current.spend("voice", _number(current, "cost"))
        await pause(_number(current, "seconds"))
        do = str(current.options["do"])
        if do in {"flood", "rubbish"}:
            _print(do)
        if before < _number(current, "times"):
            _misbehave(do)
        if do == "novideo" and before < 1:
            return Result(True, project_id="p", output_path=None)
        return made(os.urandom(20 + os.getpid() % 200).hex(), project_id="p", duration=61.0)


def _note_run(current: Job) -> int:
    """Append this run to the story's file. Return the number of runs before it."""
    path = Path(str(current.options["runs"])) / f"{current.batch_id}-{current.story_id}"
    line = {
        "at": time.time(),
        "attempt": current.attempt,
        "worker": os.environ.get("GT_WORKER_NAME", "?"),
        "pid": os.getpid(),
    }
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, f"{json.dumps(line)}\n".encode())
    finally:
        os.close(descriptor)
    return path.read_bytes().count(b"\n") - 1


def _misbehave(do: str) -> None:
    match do:
        case "flaky":
            raise ConnectionError("the voice service hung up")
        case "permanent":
            raise PermanentError("the post is gone")
        case "limited":
            raise RateLimited("gemini", 0.1)
        case "hang":
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
            signal.sigwait({signal.SIGUSR1})
        case "segfault":
            ctypes.string_at(0)
        case "hog":
            _eat_memory()
        case "killed":
            # What the kernel does to the process that has eaten the memory of the machine.
            try:
                _eat_memory()
            except MemoryError:
                os.kill(os.getpid(), signal.SIGKILL)


def _eat_memory() -> None:
    """Allocate memory up to a low limit, which is lifted afterwards for the next story of this process."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + _ROOM, before[1]))
    eaten = []
    try:
        while True:
            eaten.append(bytearray(4 * 1024 * 1024))
    finally:
        eaten.clear()
        resource.setrlimit(resource.RLIMIT_AS, before)


def _print(what: str) -> None:
    if what == "flood":
        for _ in range(_FLOOD // 4096):
            sys.stdout.write("x" * 4095 + "\n")
        sys.stderr.write("y" * 300_000)
        return
    sys.stdout.write('{"output_path": "/etc/passwd", "duration": NaN}\n{"failed": true}\n{"child": "idle"}\n')
    sys.stdout.flush()
    sys.stdout.buffer.write(bytes(range(256)) * 20 + b"\n")
    sys.stderr.write('{"stage": 3}\n' + "[" * 5000 + "\n\x1b[2J\n")


def _number(current: Job, name: str) -> float:
    value = current.options[name]
    assert isinstance(value, (int, float))
    return float(value)
