"""apt-get, where it may be used: as root, or through sudo without a password."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from toolbox.errors import BrokerError


@dataclass(frozen=True)
class Apt:
    """An apt-get that may be used.

    Parameters:
        command: the command line, with sudo if needed
    """

    command: tuple[str, ...]

    @property
    def as_root(self) -> bool:
        """Whether it runs as root without sudo."""
        return len(self.command) == 1

    def install(self, packages: Sequence[str]) -> None:
        """Update the package lists and install packages.

        A failed update does not stop the installation: the failing source may be unrelated.

        Raises:
            BrokerError: the packages could not be installed; with apt-get's message of the first failure
        """
        stale = self._run("update")
        failed = self._run("install", "-y", "--no-install-recommends", *packages)
        if failed:
            raise BrokerError(stale or failed)

    def _run(self, *arguments: str) -> str:
        """Run apt-get and return the error message; empty if it succeeded."""
        *prefix, apt = self.command
        command = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", apt, "-q", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return ""
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no message"]
        return f"apt-get {arguments[0]} failed: {last[0]}"


def find_apt(path: str | None = None) -> Apt | None:
    """Return apt-get, or None if it is missing or may not be used.

    Parameters:
        path: search path for programs; None for PATH of the environment
    """
    apt = shutil.which("apt-get", path=path)
    if not apt:
        return None
    if os.geteuid() == 0:
        return Apt((apt,))
    sudo = shutil.which("sudo", path=path)
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return Apt((sudo, "-n", apt))
    return None
