"""Install Debian's Chromium, in which the tests look at pages, where apt-get may be used."""

from __future__ import annotations

import shutil
import sys
from typing import Final

from toolbox.errors import DONE, BrokerError
from toolbox.system.apt import find_apt

NAMES: Final = ("chromium", "chromium-browser")
MISSING: Final = 1


def main(path: str | None = None) -> int:
    """Install a browser if there is none; return 1, with a line that says how, if that is not possible.

    Parameters:
        path: search path for programs; None for PATH of the environment
    """
    if any(shutil.which(name, path=path) for name in NAMES):
        return DONE
    problem = ""
    if apt := find_apt(path):
        print("browser: installing chromium with apt-get", flush=True)
        try:
            apt.install(["chromium"])
        except BrokerError as error:
            problem = f" ({error})"
        if any(shutil.which(name, path=path) for name in NAMES):
            return DONE
    print(
        f"browser: the tests of pages need Chromium{problem}; Debian: sudo apt-get install chromium; Ubuntu: "
        "sudo snap install chromium; without it they are skipped, with CI=true they fail",
        file=sys.stderr,
    )
    return MISSING
