"""What the studio asks of the C library and of OpenCV: to keep freed memory, and to work in one thread.

Pictures are arrays of megabytes. glibc returns such memory as soon as it is free, and the system
clears each page again when the next array touches it: a tenth of the time that the studio's own code takes.
"""

from __future__ import annotations

import ctypes
import sys

# From glibc's malloc.h, with values in bytes; see mallopt(3).
_SETTINGS = {
    -3: 32 << 20,  # M_MMAP_THRESHOLD: larger arrays are rare and go back at once
    -1: 256 << 20,  # M_TRIM_THRESHOLD
    -8: 1,  # M_ARENA_MAX: threads use what others have freed
}


def keep_freed_memory() -> bool:
    """Let this process keep memory that it frees. Return whether the C library knows how."""
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all(mallopt(which, value) == 1 for which, value in _SETTINGS.items())


def leave_processors_to_the_encoder() -> None:
    """Let OpenCV work in the thread that calls it: the encoder, which is slower, has the other processors.

    Its threads wait for the next picture without sleeping: a tenth of what the studio's own code takes.
    """
    import cv2

    cv2.setNumThreads(1)
