"""What the studio needs from the installation and the system, checked before the first story."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec

from gt_common.errors import OrchestratorError

_TEXT_MODULES = ("anyascii", "numpy", "py3langid", "pysbd", "vaderSentiment")
_MODULES = ("cv2", "onnxruntime", "scipy", *_TEXT_MODULES)


def check_needs() -> None:
    """Check that the studio's libraries are installed, and that skia finds its system libraries.

    Raises:
        OrchestratorError: with what to install
    """
    try:
        import skia
    except ModuleNotFoundError:
        missing = ["skia"]
    except ImportError as error:
        # Such as: libEGL.so.1: cannot open shared object file: No such file or directory
        raise OrchestratorError(
            f"the studio cannot draw on this machine: {error}; "
            "Debian, Ubuntu: sudo apt-get install libegl1 libgl1; "
            "Fedora: sudo dnf install mesa-libEGL mesa-libGL"
        ) from None
    else:
        del skia
        missing = []
    _check_modules(_MODULES, missing)


def check_text_needs() -> None:
    """Check that the libraries are installed that turn a story into a script.

    Raises:
        OrchestratorError: with what to install
    """
    _check_modules(_TEXT_MODULES)


def _check_modules(names: Iterable[str], known_missing: Iterable[str] = ()) -> None:
    missing = [*known_missing, *(name for name in names if find_spec(name) is None)]
    if missing:
        raise OrchestratorError(
            f"the studio is not installed (no {', '.join(missing)}); pip install 'gt-consumer[studio]'"
        )
