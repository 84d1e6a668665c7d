"""What the services talk to: a broker and a database of this machine, on the ports of docker-compose.yml."""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from toolbox.errors import BrokerError

_CLONE_NEWNET = 0x40000000
_ROLES = Path(__file__).resolve().parents[2] / "postgres" / "make_roles.sh"
_SECONDS = 60.0


def enter_own_network() -> None:
    """Leave the machine's network for one with a loopback interface only, so that every port is free.

    Raises:
        BrokerError: the system does not allow it
    """
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNET) != 0:
        raise BrokerError(f"no network namespace: {os.strerror(ctypes.get_errno())}")
    _run(["ip", "link", "set", "lo", "up"])


class Postgres:
    """A server whose users need their passwords, with the users of `ops/postgres/make_roles.sh`."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._port = port

    def start(self, passwords: Mapping[str, str]) -> None:
        """Create the database and start the server.

        Raises:
            BrokerError: a program of PostgreSQL is missing or failed
        """
        self._folder.mkdir(parents=True)
        shutil.chown(self._folder, _user())
        data = str(self._folder / "data")
        self._program("initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256", "--auth-local=trust")
        options = f"-p {self._port} -k {self._folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self._program("pg_ctl", "-D", data, "-w", "-l", str(self._folder / "log"), "-o", options, "start")
        at_socket = ["--host", str(self._folder), "--username", "postgres"]
        _run(["psql", "--quiet", *at_socket, "--command", "CREATE DATABASE gt", "postgres"])
        _run([str(_ROLES), *at_socket, "--dbname", "gt"], os.environ | dict(passwords))

    def stop(self) -> None:
        """Stop it at once; its data is not needed again."""
        self._program("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "stop")

    def _program(self, name: str, *arguments: str) -> None:
        _run(["runuser", "-u", _user(), "--", str(postgres_programs() / name), *arguments])


def postgres_programs() -> Path:
    """Return the folder with the server's programs, which Debian does not put on PATH.

    Raises:
        BrokerError: PostgreSQL is not installed
    """
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    on_path = shutil.which("initdb")
    found = installed[-1] if installed else Path(on_path).resolve() if on_path else None
    if found is None:
        raise BrokerError("PostgreSQL is not installed: apt-get install postgresql")
    return found.parent


def _user() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _run(command: list[str], environment: Mapping[str, str] | None = None) -> None:
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BrokerError(f"{command[0]}: {error}") from None
    if done.returncode != 0:
        raise BrokerError(f"{' '.join(command[:4])} failed: {done.stderr.strip()}")
