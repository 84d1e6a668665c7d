"""What the studio needs from the installation and the system, checked before the first story."""

from __future__ import annotations

from importlib.util import find_spec

from gt_common.errors import OrchestratorError

_MODULES = ("cv2", "numpy", "onnxruntime", "scipy", "vaderSentiment")


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
    missing += [name for name in _MODULES if find_spec(name) is None]
    if missing:
        raise OrchestratorError(
            f"the studio is not installed (no {', '.join(missing)}); pip install 'gt-consumer[studio]'"
        )
