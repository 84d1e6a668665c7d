"""A real PostgreSQL for tests: GT_TEST_POSTGRES_URL, else a local server, else a private cluster."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from support.unique import unique

_LOCAL = tuple(f"postgresql://{user}@127.0.0.1:5432/postgres" for user in ("postgres", "root"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Yield the URL of a server for databases; without one the tests are skipped, and fail in CI."""
    url = os.environ.get("GT_TEST_POSTGRES_URL") or next(filter(_answers, _LOCAL), None)
    programs = _programs()
    if url:
        yield url
    elif programs:
        yield from private_cluster(programs)
    else:
        missing = "no PostgreSQL for the tests: set GT_TEST_POSTGRES_URL, or install postgresql"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """Yield the URL of an empty database for one test; it is dropped afterwards."""
    name = unique("gt_test_")
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name))
        )
        yield urlsplit(postgres_server)._replace(path=f"/{name}").geturl()
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of a ledger that does not exist yet: on SQLite, then on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state' / 'ledger.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


class PrivateCluster:
    """A server on a free port that a test can stop and start.

    For root it runs as another user, because PostgreSQL refuses root.
    """

    def __init__(self, programs: Path) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="gt-postgres-"))
        user = other_user() if os.geteuid() == 0 else None
        if user:
            shutil.chown(self._folder, user)
        prefix = ["runuser", "-u", user, "--"] if user else []
        port = _free_port()
        data = str(self._folder / "data")
        self.url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        self._options = f"-p {port} -k {self._folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self._control = [*prefix, str(programs / "pg_ctl"), "-D", data]
        _run([*prefix, str(programs / "initdb"), "-D", data, "-U", "postgres", "-A", "trust"])

    def start(self) -> None:
        """Start it and wait until it answers."""
        log = str(self._folder / "log")
        _run([*self._control, "-w", "-l", log, "-o", self._options, "start"])

    def stop(self) -> None:
        """Stop it at once, as a crash does."""
        _run([*self._control, "-m", "immediate", "stop"])

    def remove(self) -> None:
        """Remove its files."""
        shutil.rmtree(self._folder)


def private_cluster(programs: Path) -> Iterator[str]:
    """Run a private server."""
    cluster = PrivateCluster(programs)
    try:
        cluster.start()
        try:
            yield cluster.url
        finally:
            cluster.stop()
    finally:
        cluster.remove()


@pytest.fixture
def postgres_cluster() -> Iterator[PrivateCluster]:
    """Yield a running server of the test's own; skipped where PostgreSQL's programs are not installed."""
    programs = _programs()
    if programs is None:
        pytest.skip("needs PostgreSQL's initdb and pg_ctl")
    cluster = PrivateCluster(programs)
    try:
        cluster.start()
        yield cluster
        cluster.stop()
    finally:
        cluster.remove()


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _programs() -> Path | None:
    """Return the newest folder with initdb and pg_ctl; Debian does not put them on PATH."""
    found = shutil.which("initdb")
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_major_version)
    candidates = [*installed, *([Path(found).resolve()] if found else [])]
    return next((path.parent for path in reversed(candidates) if (path.parent / "pg_ctl").exists()), None)


def _major_version(path: Path) -> float:
    try:
        return float(path.parts[-3])
    except ValueError:
        return 0.0


def other_user() -> str:
    """Return a user other than root who may run a server."""
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _run(command: list[str]) -> None:
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/", timeout=60
    )
