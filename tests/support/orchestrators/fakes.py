"""Small orchestrators, each with one way to end; named as `support.orchestrators.fakes:<name>`."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from gt_consumer import PermanentError, RateLimited, job
from support.orchestrators.results import Result, made

Body = Callable[[], object]


class Calling:
    """An orchestrator that calls a function."""

    def __init__(self, body: Body) -> None:
        self._body = body

    async def run(
        self, story_url: str | None = None, project_id: str | None = None, resume: bool = False
    ) -> object:
        """Call the function."""
        return self._body()


def success() -> Calling:
    """Make a file immediately; its content is the process id."""
    return Calling(lambda: made(str(os.getpid()), project_id="p1", duration=61.0))


def anywhere() -> Calling:
    """Return the file that the story's options name."""
    return Calling(lambda: Result(True, output_path=str(job().options["output"])))


def stages() -> Calling:
    """Report the same stage many times, and two others."""

    def body() -> Result:
        for count in range(200):
            job().report("narration", count / 1000)
        job().report("narration", 1.0)
        job().report("render", 7.0)
        job().report("last")
        return made("video")

    return Calling(body)


def permanent() -> Calling:
    """Refuse the story for good, inside a task group."""

    def body() -> object:
        raise ExceptionGroup("tasks", [PermanentError("the post was deleted")])

    return Calling(body)


def rate_limited() -> Calling:
    """Ask to wait."""

    def body() -> object:
        raise RateLimited("gemini", 42.5)

    return Calling(body)


def broken() -> Calling:
    """Raise after a stage."""

    def body() -> object:
        job().report("narration", 0.5)
        raise ValueError("no voice \udc80 for this\0text; token=hunter2")

    return Calling(body)


def leaves() -> Calling:
    """Call sys.exit."""
    return Calling(lambda: sys.exit(0))


def segfault() -> Calling:
    """Read address zero."""
    return Calling(lambda: ctypes.string_at(0))


def killed() -> Calling:
    """Kill its own process, as the kernel does when memory runs out."""

    def body() -> None:
        print("loading a large model", file=sys.stderr)
        os.kill(os.getpid(), signal.SIGKILL)

    return Calling(body)


def vanishes() -> Calling:
    """End its process without a word."""
    return Calling(lambda: os._exit(7))


def flood() -> Calling:
    """Print 10 MB to both streams, partly without line breaks, then make the video."""

    def body() -> Result:
        for stream in (sys.stdout, sys.stderr):
            stream.write("y" * 2_000_000)
            stream.write("0123456789\n" * 300_000)
        os.write(1, b'{"output_path": "/etc/passwd"}\n\xff\xfe\0\n')
        return made("flooded")

    return Calling(body)


def none() -> Calling:
    """Return None."""
    return Calling(lambda: None)


def claims() -> Calling:
    """Claim a success without a file."""
    return Calling(lambda: Result(True, output_path="/nowhere/video.mp4"))


def empty() -> Calling:
    """Make an empty file."""
    return Calling(lambda: made(""))


def as_mapping() -> Calling:
    """Return a mapping, with a video outside the working folder."""

    def body() -> dict[str, object]:
        place = Path(str(job().options["place"]))
        place.write_bytes(b"kept elsewhere")
        return {"success": True, "output_path": place, "duration": float("nan")}

    return Calling(body)


class Hanging:
    """Starts a grandchild and hangs, with the interpreter blocked or not."""

    def __init__(self, stubborn: bool) -> None:
        self._stubborn = stubborn

    async def run(
        self, story_url: str | None = None, project_id: str | None = None, resume: bool = False
    ) -> object:
        """Hang."""
        ignore = "import signal, threading; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        grandchild = subprocess.Popen(  # noqa: ASYNC220 - a careless orchestrator
            [sys.executable, "-S", "-c", f"{ignore} print(flush=True); threading.Event().wait()"],
            stdout=subprocess.PIPE,
        )
        assert grandchild.stdout is not None
        grandchild.stdout.readline()
        part = Path(str(job().options["pids"])).with_suffix(".part")
        part.write_text(f"{os.getpid()} {grandchild.pid}")
        part.rename(part.with_suffix(".pids"))
        job().report("hanging")
        if self._stubborn:
            # Holds the interpreter's lock for ever: no thread and no signal handler runs any more.
            while True:
                ctypes.PyDLL(None).pause()
        try:
            await asyncio.Event().wait()
        finally:
            part.with_suffix(".tidied").touch()
        return None


def hangs() -> Hanging:
    """Wait for ever in the loop."""
    return Hanging(stubborn=False)


def blocks() -> Hanging:
    """Block the interpreter for ever."""
    return Hanging(stubborn=True)


class Saving:
    """Waits until it is cancelled, and then finishes its video."""

    async def run(
        self, story_url: str | None = None, project_id: str | None = None, resume: bool = False
    ) -> Result:
        """Finish when cancelled."""
        job().report("saving")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            job().report("saved in the nick of time")
        return made("saved")


def saves() -> Saving:
    """Finish its video when it is stopped."""
    return Saving()


def meets() -> Calling:
    """Connect to a socket and finish when it answers."""

    def body() -> Result:
        with socket.create_connection(("127.0.0.1", int(str(job().options["port"])))) as meeting:
            meeting.sendall(job().story_id.encode() + b"\n")
            meeting.recv(1)
        return made("met")

    return Calling(body)


def descriptors() -> Calling:
    """Make a file with the process id and the names of all pipes and sockets that the process has open."""

    def body() -> Result:
        names = []
        for number in os.listdir("/proc/self/fd"):  # noqa: PTH208 - only the names are wanted
            with contextlib.suppress(OSError):
                names.append(os.readlink(f"/proc/self/fd/{number}"))  # noqa: PTH115 - not a path
        return made(
            " ".join([str(os.getpid()), *(name for name in names if name.startswith(("pipe:", "socket:")))])
        )

    return Calling(body)


def chatters() -> Calling:
    """Leave behind a thread that continues to report, and a changed working folder."""

    def body() -> Result:
        report = job().report

        def talk() -> None:
            _ghost.wait()
            report("ghost")
            _spoken.set()

        if job().options.get("listen"):
            assert _ghost.is_set() is False
            _ghost.set()
            _spoken.wait()
        else:
            threading.Thread(target=talk, daemon=True).start()
        cwd = Path.cwd()
        os.chdir(job().workdir)
        return made(str(cwd))

    return Calling(body)


_ghost = threading.Event()
_spoken = threading.Event()


class Counting:
    """An instance as an orchestrator; each attempt must find it fresh."""

    def __init__(self) -> None:
        self.runs = 0

    async def run(
        self, story_url: str | None = None, project_id: str | None = None, resume: bool = False
    ) -> Result:
        """Count."""
        self.runs += 1
        return made(f"{os.getpid()} {self.runs}")


counting = Counting()


class Uncopyable(Counting):
    """Holds what cannot be copied."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()


uncopyable = Uncopyable()
not_an_orchestrator = 7


def needs(config: str) -> Calling:
    """Want an argument."""
    return Calling(lambda: config)


def makes_nothing() -> None:
    """Return None instead of an orchestrator."""


async def later() -> Calling:
    """Return an orchestrator from a coroutine."""
    return success()
