"""Finds an installed RabbitMQ, or installs Debian's."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from toolbox.errors import BrokerError
from toolbox.system.apt import find_apt

# The server's own scripts come first: what Debian and Red Hat put on PATH changes to the user "rabbitmq".
KNOWN_FOLDERS = (
    Path("/usr/lib/rabbitmq/bin"),
    Path("/opt/homebrew/opt/rabbitmq/sbin"),
    Path("/usr/local/opt/rabbitmq/sbin"),
    Path("/opt/rabbitmq/sbin"),
)
# A folder with both programs that is taken before all others, such as `sbin` of the generic Unix build.
CHOSEN = "GT_RABBITMQ_BIN"
POLICY_RC = Path("/usr/sbin/policy-rc.d")
HOW_TO_INSTALL = (
    "start Docker with its compose plugin, or install RabbitMQ 3.10 or newer "
    "(Debian, Ubuntu: sudo apt-get install rabbitmq-server; macOS: brew install rabbitmq; "
    "Fedora: sudo dnf install rabbitmq-server), or set GT_AMQP_URL to a broker that runs"
)


@dataclass(frozen=True)
class Installation:
    """The two programs of a RabbitMQ installation that are needed, and epmd where it is on PATH."""

    server: Path
    ctl: Path
    epmd: str | None


def find_installation(path: str | None = None, known: Sequence[Path] = KNOWN_FOLDERS) -> Installation | None:
    """The installed RabbitMQ, or None.

    Parameters:
        path: search path for programs; None means PATH of the environment
        known: folders where packages put the server's own scripts
    Raises:
        BrokerError: GT_RABBITMQ_BIN names a folder without the two programs
    """
    chosen = os.environ.get(CHOSEN)
    folders = [Path(chosen)] if chosen else list(known)
    on_path = shutil.which("rabbitmq-server", path=path)
    if on_path and not chosen:
        folders.append(Path(on_path).resolve().parent)
    for folder in folders:
        server, ctl = folder / "rabbitmq-server", folder / "rabbitmqctl"
        if os.access(server, os.X_OK) and os.access(ctl, os.X_OK):
            return Installation(server, ctl, shutil.which("epmd", path=path))
    if chosen:
        raise BrokerError(f"{CHOSEN}={chosen} holds no rabbitmq-server and rabbitmqctl that may be run")
    return None


def require_installation(path: str | None = None, known: Sequence[Path] = KNOWN_FOLDERS) -> Installation:
    """The installed RabbitMQ; where there is none, Debian's package is installed if that is allowed.

    Raises:
        BrokerError: there is none and it may not be installed, or the installation failed
    """
    found = find_installation(path, known)
    if found:
        return found
    install_with_apt(path)
    found = find_installation(path, known)
    if not found:
        raise BrokerError(
            "the package rabbitmq-server was installed, but its programs were not found; " + HOW_TO_INSTALL
        )
    return found


def install_with_apt(path: str | None = None) -> None:
    """Install rabbitmq-server on Debian or Ubuntu, as root or through a sudo that asks for no password.

    Raises:
        BrokerError: no apt-get, no right to use it, or it failed
    """
    apt = find_apt(path)
    if not apt:
        raise BrokerError("no broker answers and RabbitMQ is not installed: " + HOW_TO_INSTALL)
    print("ops/broker: installing rabbitmq-server with apt-get", flush=True)
    try:
        with _service_kept_from_starting(enabled=apt.as_root):
            apt.install(["rabbitmq-server"])
    except BrokerError as error:
        raise BrokerError(f"{error}; {HOW_TO_INSTALL}") from None


@contextmanager
def _service_kept_from_starting(*, enabled: bool) -> Iterator[None]:
    """Debian's packages start their service at once unless policy-rc.d answers 101 (Debian Policy 9.3.3.1).

    A policy that is there already is left alone; where the service comes up all the same, it is used.
    """
    policy = POLICY_RC
    if not enabled or policy.exists():
        yield
        return
    policy.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink(missing_ok=True)
