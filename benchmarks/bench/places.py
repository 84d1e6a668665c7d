"""What the benchmarks run on: a private broker, and an older revision built beside this checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / ".bench"
sys.path.append(str(ROOT / "ops"))

from toolbox.broker.node import Node  # noqa: E402 - found through the path above
from toolbox.errors import BrokerError  # noqa: E402
from toolbox.system.processes import free_port  # noqa: E402


class PlaceError(Exception):
    """There is no broker or no build; the message says why and how to fix it."""


class NoRevisionError(PlaceError):
    """There is no such revision or built checkout."""


class Broker(NamedTuple):
    """Address and version of a broker."""

    url: str
    version: str


@contextmanager
def private_node(place: Path = PLACE) -> Iterator[Node]:
    """Yield a node with its own port and folder that is not started yet; stop and remove it afterwards."""
    folder = place / f"broker-{os.getpid()}"
    node = Node.create(folder, free_port(), name="gt-bench@localhost")
    try:
        yield node
    finally:
        node.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def private_broker(place: Path = PLACE) -> Iterator[Broker]:
    """Run a broker with its own port and folder for the duration of a block.

    Raises:
        PlaceError: it could not be started
    """
    with private_node(place) as node:
        try:
            greeting = node.start()
        except BrokerError as error:
            raise PlaceError(str(error)) from None
        yield Broker(node.url.full, str(greeting))


class Build(NamedTuple):
    """A built checkout and its commit."""

    folder: Path
    commit: str


def build(revision: str, place: Path = PLACE, root: Path = ROOT) -> Build:
    """Build a revision of this repository, or take the built checkout that was named instead.

    A revision is built once, in a work tree under `place`; `make clean` removes it.

    Parameters:
        revision: what git calls a revision, or the folder of a checkout with its .venv
        root: a checkout of the repository

    Raises:
        NoRevisionError: there is no such revision
        PlaceError: it could not be built
    """
    named = Path(revision).resolve()
    if (named / ".venv" / "bin" / "python").exists():
        return Build(named, _output("git", "rev-parse", "HEAD", folder=named).strip())
    commit = _commit(revision, root)
    folder = place / commit[:12]
    done = folder / ".built"
    if done.exists():
        return Build(folder, commit)
    if not folder.exists():
        _output("git", "worktree", "prune", folder=root)
        _output("git", "worktree", "add", "--detach", "--quiet", str(folder), commit, folder=root)
    print(f"bench: building {commit[:12]} in {folder}", file=sys.stderr, flush=True)
    # The environment of this `make` would reach the other one; uv need not be installed a second time.
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    environment["PATH"] = os.pathsep.join([str(ROOT / ".uv" / "bin"), environment.get("PATH", os.defpath)])
    environment.pop("VIRTUAL_ENV", None)
    _output("make", "install", folder=folder, environment=environment)
    done.touch()
    return Build(folder, commit)


def _commit(revision: str, root: Path) -> str:
    try:
        named = f"{revision}^{{commit}}"
        return _output("git", "rev-parse", "--verify", "--quiet", named, folder=root).strip()
    except PlaceError:
        raise NoRevisionError(
            f"{revision} is neither a commit, branch or tag of {root} nor a checkout with its .venv; "
            "`git log` shows the commits"
        ) from None


def _output(*command: str, folder: Path, environment: dict[str, str] | None = None) -> str:
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise PlaceError(f"{command[0]}: {error.strerror}") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no such revision"]
        raise PlaceError(f"{' '.join(command)}: {said[0]}")
    return done.stdout
