"""apt-get, where we may use it: as root, or through a sudo that asks for no password."""

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
        command: how it is called, with what makes us root
    """

    command: tuple[str, ...]

    @property
    def as_root(self) -> bool:
        """Whether we are root ourselves."""
        return len(self.command) == 1

    def install(self, packages: Sequence[str]) -> None:
        """Update the lists, then install packages: one of many sources that fails need not be theirs.

        Raises:
            BrokerError: they could not be installed; with what apt-get said last where it first failed
        """
        stale = self._run("update")
        failed = self._run("install", "-y", "--no-install-recommends", *packages)
        if failed:
            raise BrokerError(stale or failed)

    def _run(self, *arguments: str) -> str:
        """Run apt-get; gives why it failed, or nothing."""
        *prefix, apt = self.command
        command = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", apt, "-q", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return ""
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no message"]
        return f"apt-get {arguments[0]} failed: {last[0]}"


def find_apt(path: str | None = None) -> Apt | None:
    """Give apt-get, or None where there is none or we may not use it.

    Parameters:
        path: search path for programs; None means PATH of the environment
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
