"""Buffers for frames, which reach the encoder's pipe without being copied where the system can do that."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import mmap
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_F_SETPIPE_SZ = 1031  # Linux only; a larger pipe saves switches between the two processes
PIPE_BYTES = 1 << 20
_CANNOT_SPLICE = (errno.EINVAL, errno.ENOSYS, errno.EPERM)


def widen(pipe: int) -> None:
    """Let a pipe hold `PIPE_BYTES`, if the system allows that."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, _F_SETPIPE_SZ, PIPE_BYTES)


class Frame:
    """A flat buffer for one frame, with any content.

    On Linux a large one lies in a memory file, whose pages `splice` hands to the pipe: half a millisecond
    less for a frame of 3 MB than writing it. Such a frame may be drawn again when the next one has been sent,
    since a pipe holds less than a frame.

    Parameters:
        size: in bytes
    """

    def __init__(self, size: int) -> None:
        import numpy as np

        self._file: int | None = None
        if sys.platform == "linux" and size > PIPE_BYTES:
            with contextlib.suppress(OSError):
                self._file = os.memfd_create("frame")
        if self._file is None:
            self.pixels: NDArray[np.uint8] = np.empty(size, np.uint8)
        else:
            os.ftruncate(self._file, size)
            self.pixels = np.frombuffer(mmap.mmap(self._file, size), np.uint8)

    def send(self, pipe: int) -> None:
        """Write the frame to a pipe; blocks until its reader has taken nearly all of it.

        Raises:
            OSError: the reader is gone
        """
        sent, size = 0, self.pixels.size
        while sent < size:
            sent += self._splice(pipe, sent) or os.write(pipe, self.pixels[sent:].data)

    def _splice(self, pipe: int, sent: int) -> int:
        if self._file is None:
            return 0
        try:
            return os.splice(self._file, pipe, self.pixels.size - sent, offset_src=sent)
        except OSError as error:
            if error.errno not in _CANNOT_SPLICE:
                raise
            self.close()
            return 0

    def close(self) -> None:
        """Release the memory file; the pixels stay as long as something refers to them."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
