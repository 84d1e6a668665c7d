"""ffmpeg as a child process: encodes frames from a pipe as H.264, then adds the sound."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from gt_consumer.studio.errors import EncoderError
from gt_consumer.studio.frames import Frame, widen

FPS = 30
_QUEUE = 2
_CHECK_SECONDS = 30.0
_LEAST_FREE = 1_000_000
"""With fewer free bytes a disk is taken for full."""
_ENCODERS = ("libx264", "aac")
# Two threads share each frame: 60 MB less memory than with a frame for each, for 1 % larger files.
_X264 = "mbtree=1:rc-lookahead=10:keyint=60:threads=2:sliced-threads=1"
_COLOURS = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv")


def ffmpeg_program() -> str:
    """Return the path of ffmpeg: the one of imageio-ffmpeg, else the one on PATH.

    Raises:
        EncoderError: ffmpeg is not installed
    """
    with contextlib.suppress(ImportError, RuntimeError):
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    found = shutil.which("ffmpeg")
    if found is None:
        raise EncoderError(
            "ffmpeg not found: install gt-consumer[studio], which includes it, or put ffmpeg on PATH"
        )
    return found


def check_ffmpeg() -> str:
    """Run ffmpeg to see that it starts and has the encoders that the studio needs; return its path.

    Raises:
        EncoderError: it does not
    """
    program = ffmpeg_program()
    told_by = "IMAGEIO_FFMPEG_EXE" if os.environ.get("IMAGEIO_FFMPEG_EXE") else "the installation of ffmpeg"
    try:
        done = subprocess.run(
            [program, "-hide_banner", "-encoders"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_CHECK_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = error.strerror if isinstance(error, OSError) else f"no answer within {_CHECK_SECONDS:g} s"
        raise EncoderError(f"ffmpeg cannot be run: {program}: {reason}; check {told_by}") from None
    if done.returncode:
        said = " ".join(done.stderr.decode("utf-8", "replace").split()[-30:])
        ended = f"ended with code {done.returncode}"
        raise EncoderError(f"ffmpeg cannot be run: {program} {ended}: {said}; check {told_by}")
    # Lines such as: V....D libx264   libx264 H.264 / AVC (codec h264)
    words = [line.split() for line in done.stdout.decode("utf-8", "replace").splitlines()]
    found = {line[1] for line in words if len(line) > 1}
    missing = [name for name in _ENCODERS if name not in found]
    if missing:
        raise EncoderError(
            f"{program} has no encoder {' and '.join(missing)}; use a full build, or check {told_by}"
        )
    return program


class FrameWriter:
    """Encodes yuv420p frames as an MP4 without sound; use it as a context manager.

    Parameters:
        path: the MP4
        width, height: of the frames in pixels
        fast: whether to encode quickly into a larger file, for previews
    """

    def __init__(self, path: Path, width: int, height: int, *, fast: bool = False) -> None:
        # With mbtree, superfast has the quality of veryfast at 60 % of the work (SSIM .9925 and .9927).
        quality = (
            ["-preset", "ultrafast", "-crf", "26"]
            if fast
            else ["-preset", "superfast", "-x264-params", _X264, "-crf", "21"]
        )
        profile = ["-profile:v", "high", "-level", "4.0"]
        self._log = path.with_suffix(".log")
        command = [
            ffmpeg_program(),
            "-y",
            "-hide_banner",
            "-loglevel",
            "error",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "yuv420p",
            "-s",
            f"{width}x{height}",
            "-r",
            str(FPS),
            *_COLOURS,
            "-i",
            "pipe:0",
            "-c:v",
            "libx264",
            *quality,
            *profile,
            "-pix_fmt",
            "yuv420p",
            *_COLOURS,
            str(path),
        ]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log
            )
        self._size = width * height * 3 // 2
        self._frames: queue.Queue[Frame | None] = queue.Queue(_QUEUE)
        self._written: queue.SimpleQueue[Frame] = queue.SimpleQueue()
        self._made: list[Frame] = []
        self._broken = threading.Event()
        self._thread = threading.Thread(target=self._feed, name="frames", daemon=True)

    def __enter__(self) -> FrameWriter:
        self._thread.start()
        return self

    def blank(self) -> Frame:
        """Return a buffer for a frame, with any content; those of written frames are used again.

        A new one for each frame would cost a millisecond: the system clears its memory first.
        """
        with contextlib.suppress(queue.Empty):
            return self._written.get_nowait()
        self._made.append(Frame(self._size))
        return self._made[-1]

    def write(self, frame: Frame) -> None:
        """Queue a frame for encoding; blocks while the queue is full. The frame is not the caller's any more.

        Raises:
            EncoderError: ffmpeg has ended
        """
        while not self._broken.is_set():
            with contextlib.suppress(queue.Full):
                self._frames.put(frame, timeout=0.5)
                return
        raise EncoderError(f"ffmpeg ended early: {self._last_words()}")

    def _feed(self) -> None:
        pipe = self._process.stdin
        assert pipe is not None  # noqa: S101 - always holds
        widen(pipe.fileno())
        before: Frame | None = None
        try:
            while (frame := self._frames.get()) is not None:
                frame.send(pipe.fileno())
                if before is not None:
                    self._written.put(before)  # the end of this one may still be in the pipe
                before = frame
        except OSError:
            self._broken.set()
        finally:
            with contextlib.suppress(OSError):
                pipe.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._process.kill()
        while self._thread.is_alive():
            with contextlib.suppress(queue.Full):
                self._frames.put(None, timeout=0.2)
                break
        self._thread.join()
        for frame in self._made:
            frame.close()
        code = self._process.wait()
        words = self._last_words()
        self._log.unlink(missing_ok=True)
        if kind is None and (code or self._broken.is_set()):
            raise EncoderError(f"ffmpeg ended with code {code}: {words}")

    def _last_words(self) -> str:
        text = self._log.read_text("utf-8", "replace") if self._log.exists() else ""
        return _why(text, self._log.parent)


def mux(video: Path, sound: Path, target: Path, tags: Iterable[tuple[str, str]] = ()) -> None:
    """Join picture and sound into an MP4 with its index first, so that it plays while it loads.

    Parameters:
        tags: metadata of the file, such as ("title", "…")

    Raises:
        EncoderError: ffmpeg failed
    """
    metadata = [part for key, value in tags for part in ("-metadata", f"{key}={value}")]
    command = [
        ffmpeg_program(),
        "-y",
        "-hide_banner",
        "-loglevel",
        "error",
        "-i",
        str(video),
        "-i",
        str(sound),
        "-map",
        "0:v",
        "-map",
        "1:a",
        "-c:v",
        "copy",
        "-c:a",
        "copy",
        *metadata,
        "-movflags",
        "+faststart",
        str(target),
    ]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        words = _why(done.stderr.decode("utf-8", "replace"), target.parent)
        raise EncoderError(f"ffmpeg could not join picture and sound (code {done.returncode}): {words}")


def _why(said: str, folder: Path) -> str:
    """Return why ffmpeg ended: its last words, unless the disk is full, of which it may not speak."""
    if "No space left" in said or shutil.disk_usage(folder).free < _LEAST_FREE:
        return f"no space left in {folder}; make room or write to another folder"
    return " ".join(said.split()[-60:]) or "it printed nothing"
