"""Frames reach the pipe whole and unchanged, with and without a memory file, and freed memory is kept."""

from __future__ import annotations

import errno
import os
import sys
import threading

import numpy as np
import pytest

from gt_consumer.studio.frames import PIPE_BYTES, Frame, widen
from gt_consumer.studio.memory import keep_freed_memory, leave_processors_to_the_encoder

LARGE = 3 * PIPE_BYTES + 4097


def _through_a_pipe(frames: list[Frame]) -> bytes:
    reader, writer = os.pipe()
    widen(writer)

    def feed() -> None:
        for n, frame in enumerate(frames):
            frame.pixels[:] = np.arange(frame.pixels.size, dtype=np.uint64) % (251 - n)
            frame.send(writer)
        os.close(writer)

    thread = threading.Thread(target=feed)
    thread.start()
    with os.fdopen(reader, "rb") as out:
        read = out.read()
    thread.join()
    return read


def _expected(frames: list[Frame]) -> bytes:
    return b"".join(
        (np.arange(f.pixels.size, dtype=np.uint64) % (251 - n)).astype(np.uint8).tobytes()
        for n, f in enumerate(frames)
    )


@pytest.mark.parametrize("size", [4096, LARGE])
def test_frames_arrive_whole_and_in_order(size: int) -> None:
    frames = [Frame(size), Frame(size)]
    assert _through_a_pipe(frames) == _expected(frames)


def test_two_buffers_are_enough_to_be_drawn_in_turn() -> None:
    first, second = Frame(LARGE), Frame(LARGE)
    frames = [first, second, first, second, first]
    assert _through_a_pipe(frames) == _expected(frames)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux splices")
def test_a_system_that_cannot_splice_is_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise OSError(errno.EINVAL, "no")

    monkeypatch.setattr(os, "splice", refuse)
    frames = [Frame(LARGE)]
    assert _through_a_pipe(frames) == _expected(frames)


def test_a_reader_that_is_gone_is_an_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    for frame in (Frame(4096), Frame(LARGE)):
        with pytest.raises(BrokenPipeError):
            frame.send(writer)
    os.close(writer)


def test_the_pixels_outlive_the_memory_file() -> None:
    frame = Frame(LARGE)
    frame.pixels[:] = 9
    frame.close()
    frame.close()
    assert (frame.pixels == 9).all()


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's malloc")
def test_glibc_takes_the_settings() -> None:
    assert keep_freed_memory()


def test_pictures_are_moved_in_one_thread() -> None:
    import cv2

    leave_processors_to_the_encoder()
    assert cv2.getNumThreads() == 1
