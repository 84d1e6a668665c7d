"""Find an installed RabbitMQ, or install it with apt-get."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from toolbox.errors import BrokerError
from toolbox.system.apt import find_apt

# The server's own scripts come first, because Debian's and Red Hat's on PATH switch to the user "rabbitmq".
KNOWN_FOLDERS = (
    Path("/usr/lib/rabbitmq/bin"),
    Path("/opt/homebrew/opt/rabbitmq/sbin"),
    Path("/usr/local/opt/rabbitmq/sbin"),
    Path("/opt/rabbitmq/sbin"),
)
# Names a folder with both programs that is preferred to all others, such as `sbin` of the generic Unix build.
CHOSEN = "GT_RABBITMQ_BIN"
POLICY_RC = Path("/usr/sbin/policy-rc.d")
HOW_TO_INSTALL = (
    "start Docker with its compose plugin, or install RabbitMQ 3.10 or newer "
    "(Debian, Ubuntu: sudo apt-get install rabbitmq-server; macOS: brew install rabbitmq; "
    "Fedora: sudo dnf install rabbitmq-server), or set GT_AMQP_URL to a running broker"
)


@dataclass(frozen=True)
class Installation:
    """The programs of a RabbitMQ installation that are needed; epmd is None if it is not on PATH."""

    server: Path
    ctl: Path
    epmd: str | None


def find_installation(path: str | None = None, known: Sequence[Path] = KNOWN_FOLDERS) -> Installation | None:
    """Return the installed RabbitMQ, or None.

    Parameters:
        path: search path for programs; None for PATH of the environment
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
        raise BrokerError(f"{CHOSEN}={chosen} has no executable rabbitmq-server and rabbitmqctl")
    return None


def require_installation(path: str | None = None, known: Sequence[Path] = KNOWN_FOLDERS) -> Installation:
    """Return the installed RabbitMQ; if there is none, install it with apt-get.

    Raises:
        BrokerError: there is none, and apt-get is missing, may not be used, or failed
    """
    found = find_installation(path, known)
    if found:
        return found
    install_with_apt(path)
    found = find_installation(path, known)
    if not found:
        raise BrokerError(
            "the package rabbitmq-server is installed, but its programs were not found; " + HOW_TO_INSTALL
        )
    return found


def install_with_apt(path: str | None = None) -> None:
    """Install rabbitmq-server on Debian or Ubuntu, as root or through sudo without a password.

    Raises:
        BrokerError: apt-get is missing, may not be used, or failed
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
    """Keep Debian's package from starting its service: policy-rc.d answers 101 (Debian Policy 9.3.3.1).
    An existing policy is left alone; if the service starts all the same, it is used.
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
