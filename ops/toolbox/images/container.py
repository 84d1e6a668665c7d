"""A container without an engine: namespaces for processes and mounts, confined as in docker-compose.yml."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from toolbox.errors import BrokerError
from toolbox.images.buildah import Image
from toolbox.images.compose import Service
from toolbox.system.processes import wait_until

_UNSHARE = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
# Where control groups that count processes are made: the first version's, else the second's.
_PIDS = Path("/sys/fs/cgroup/pids") if Path("/sys/fs/cgroup/pids").is_dir() else Path("/sys/fs/cgroup")


@dataclass
class Container:
    """One service in an unpacked image.

    Parameters:
        folders: by the source of a mount, the folder of this machine that takes its place
        scratch: an own folder for logs and mount points
    """

    service: Service
    image: Image
    folders: dict[str, Path]
    scratch: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def log(self) -> Path:
        """What it prints, on both outputs."""
        return self.scratch / f"{self.service.name}.log"

    def start(
        self, *arguments: str, stdin: bytes | None = None, entrypoint: Sequence[str] | None = None
    ) -> None:
        """Start it; arguments replace the command, as in `docker compose run`."""
        own = self.service.entrypoint if entrypoint is None else tuple(entrypoint)
        start = self.image.entrypoint if own is None else own
        command = arguments or self.service.command or (() if own is not None else self.image.command)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [*_UNSHARE, "/bin/sh", "-c", self._script(), "sh", *start, *command],
                env=self._environment(),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if self._process.stdin:
            self._process.stdin.write(stdin or b"")
            self._process.stdin.close()

    def run(self, *arguments: str, timeout: float = 120.0, stdin: bytes | None = None) -> tuple[int, str]:
        """Run it to its end; return its exit code and what it printed.

        Raises:
            BrokerError: it took longer than `timeout` seconds
        """
        self.start(*arguments, stdin=stdin)
        return self.wait(timeout), self.printed()

    def wait(self, timeout: float) -> int:
        """Return the exit code.

        Raises:
            BrokerError: it is still running after `timeout` seconds; it is killed then
        """
        assert self._process is not None  # noqa: S101
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise BrokerError(
                f"{self.service.name} ran longer than {timeout:g} s; {self.last_lines()}"
            ) from None

    def printed(self) -> str:
        """Return everything it has printed so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def last_lines(self) -> str:
        """Return the end of what it printed."""
        return " / ".join(self.printed().splitlines()[-3:]) or "it printed nothing"

    def running(self) -> bool:
        """Whether it is alive."""
        return self._process is not None and self._process.poll() is None

    def stop(self, timeout: float) -> int:
        """Send SIGTERM to its first process, as an engine does, and return the exit code."""
        os.kill(self.first_process(), signal.SIGTERM)
        return self.wait(timeout)

    def kill(self) -> None:
        """Kill its first process, and with it all others."""
        if self._process is not None and self.running():
            with suppress(ProcessLookupError, BrokerError):
                os.kill(self.first_process(), signal.SIGKILL)
            self._process.kill()
            self._process.wait()
        # Ended processes stay in it for a moment.
        wait_until(self._remove_group, 5)

    def _remove_group(self) -> bool:
        with suppress(OSError):
            self._group.rmdir()
        return not self._group.exists()

    def first_process(self) -> int:
        """Return the id that its process 1 has on this machine."""
        assert self._process is not None  # noqa: S101
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        found: list[str] = []

        def forked() -> bool:
            with suppress(OSError):
                found[:] = children.read_text(encoding="ascii").split()
            return bool(found)

        if not wait_until(forked, 10):
            raise BrokerError(f"{self.service.name} has ended: {self.last_lines()}")
        return int(found[0])

    def limited(self) -> bool:
        """Whether its limit of processes is the service's, and its processes are counted."""
        counted = int((self._group / "pids.current").read_text(encoding="ascii"))
        limit = (self._group / "pids.max").read_text(encoding="ascii").strip()
        return counted > 0 and limit == str(self.service.pids_limit)

    def execute(self, *command: str, timeout: float = 30.0) -> subprocess.CompletedProcess[str]:
        """Run a command inside, as the container's user, as `docker exec` does."""
        inside = ["nsenter", "--target", str(self.first_process()), "--mount", "--pid", "--root", "--wd"]
        try:
            return subprocess.run(
                [*inside, *self._confine(), *command],
                env=self._environment(),
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise BrokerError(f"{command[0]} in {self.service.name} took longer than {timeout:g} s") from None

    def _environment(self) -> dict[str, str]:
        # As engines set it: a user whom the image does not know has no home folder.
        home = "/" if self.service.user else "/home/gossiptoon"
        return self.image.environment | {"HOME": home} | dict(self.service.environment)

    def _confine(self) -> list[str]:
        user, _, group = (self.service.user or self.image.user).partition(":")
        ids = ("--reuid", user, "--regid", group or user, "--clear-groups")
        rights = ",".join(["-all", *(f"+{name.lower()}" for name in self.service.cap_add)])
        return ["/usr/bin/setpriv", *ids, "--inh-caps=-all", f"--bounding-set={rights}", "--no-new-privs"]

    def _script(self) -> str:
        """Return the shell commands of process 1 up to its exec of the service's command."""
        root = self.image.root
        lines = ["set -e", f"mount --make-rprivate /; mount --bind {root} {root}"]
        places = [*(mount.target for mount in self.service.mounts), *self.service.tmpfs, "/proc", "/dev"]
        for place in places:
            (root / place.lstrip("/")).mkdir(parents=True, exist_ok=True)
        if self.service.read_only:
            lines.append(f"mount -o remount,bind,ro {root}")
        lines += [f"mount -t proc proc {root}/proc", f"mount --rbind /dev {root}/dev"]
        lines += [
            f"mount -t tmpfs -o mode=1777,nosuid,nodev,noexec tmpfs {root}{place}"
            for place in self.service.tmpfs
        ]
        for mount in self.service.mounts:
            target = f"{root}{mount.target}"
            lines.append(f"mount --bind {shlex.quote(str(self.folders[mount.source]))} {target}")
            lines += [f"mount -o remount,bind,ro {target}"] if mount.read_only else []
        lines += self._limit()
        working_dir = self.service.working_dir or self.image.working_dir
        inside = f'cd {shlex.quote(working_dir)}; exec {shlex.join(self._confine())} "$@"'
        lines.append(f'exec chroot {root} /bin/sh -c {shlex.quote(inside)} sh "$@"')
        return "\n".join(lines)

    @property
    def _group(self) -> Path:
        return _PIDS / f"gt-images-{os.getpid()}-{self.scratch.name}"

    def _limit(self) -> list[str]:
        """Make a control group for the limit of processes; return how the first process joins it."""
        try:
            self._group.mkdir()
            (self._group / "pids.max").write_text(str(self.service.pids_limit or "max"), encoding="ascii")
        except OSError as error:
            raise BrokerError(f"no control group for a limit of processes: {error}") from None
        return [f"echo 0 > {self._group}/cgroup.procs"]
