"""The two libraries of the system that the studio draws with; Debian's are installed where that may be."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Sequence

from toolbox.errors import DONE, BrokerError
from toolbox.system.apt import find_apt

PACKAGES = {"libEGL.so.1": "libegl1", "libGL.so.1": "libgl1"}
"""What skia-python's wheel for Linux links and does not bring, and the packages of Debian and Ubuntu."""
HOW_TO_INSTALL = (
    "Debian, Ubuntu: sudo apt-get install libegl1 libgl1; Fedora: sudo dnf install mesa-libEGL mesa-libGL; "
    "everything but the studio works without"
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
    """Install what is missing, or say so; gives exit code 0 all the same, as only the studio needs it.

    Parameters:
        path: search path for programs; None means PATH of the environment
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
        print(f"libraries: the studio lacks {', '.join(missing)}{problem}; {HOW_TO_INSTALL}", file=sys.stderr)
    return DONE
