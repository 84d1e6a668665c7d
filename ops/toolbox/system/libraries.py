"""Install the two system libraries that the studio draws with, where apt-get may be used."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Sequence

from toolbox.errors import DONE, BrokerError
from toolbox.system.apt import find_apt

PACKAGES = {"libEGL.so.1": "libegl1", "libGL.so.1": "libgl1"}
"""Libraries that skia-python's Linux wheel needs but does not contain, and their Debian packages."""
HOW_TO_INSTALL = (
    "Debian, Ubuntu: sudo apt-get install libegl1 libgl1; Fedora: sudo dnf install mesa-libEGL mesa-libGL; "
    "everything except the studio works without them"
)


def can_be_loaded(name: str) -> bool:
    """Whether the system has a shared library."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def main(
    names: Sequence[str] = tuple(PACKAGES),
    there: Callable[[str], bool] = can_be_loaded,
    path: str | None = None,
) -> int:
    """Install missing libraries, or print how; always return exit code 0, because only the studio needs them.

    Parameters:
        names: file names of the libraries
        there: whether the system can load a library
        path: search path for programs; None for PATH of the environment
    """
    missing = [name for name in names if not there(name)] if sys.platform == "linux" else []
    if not missing:
        return DONE
    apt = find_apt(path)
    problem = ""
    if apt:
        print(
            f"libraries: installing {' and '.join(PACKAGES[name] for name in missing)} with apt-get",
            flush=True,
        )
        try:
            apt.install([PACKAGES[name] for name in missing])
        except BrokerError as error:
            problem = f" ({error})"
        missing = [name for name in missing if not there(name)]
    if missing:
        print(f"libraries: the studio needs {', '.join(missing)}{problem}; {HOW_TO_INSTALL}", file=sys.stderr)
    return DONE
