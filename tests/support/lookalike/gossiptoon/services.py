"""The paid services: each call is noted in the folder LOOKALIKE, whose file `trouble` says what goes wrong.

`trouble` has lines `CALL WHAT`, such as `image:2 kill`; a line counts once. WHAT is `kill`, `cancel` (the run
is ended like one whose process is killed, in the process of the test), `429:SECONDS`, `spent`, `error`.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

logger = logging.getLogger(__name__)


class Refused(Exception):  # noqa: N818 - an error of a provider's library
    """An answer with an HTTP status of 400 or more, with its body as the details."""

    def __init__(self, code: int, details: dict[str, object]) -> None:
        super().__init__(f"{code} {details}")
        self.code = code
        self.details = details


class ClientError(Exception):
    """A client failed."""


class ExhaustedError(ClientError):
    """All tries of a call failed."""


def call(name: str) -> None:
    """Pay for a call, and have the trouble that is planned for it."""
    folder = Path(os.environ["LOOKALIKE"])
    what = _trouble(folder, name)
    if what.startswith("429:"):
        info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{what[4:]}s"}
        raise Refused(429, {"error": {"status": "RESOURCE_EXHAUSTED", "details": [info]}})
    if what == "spent":
        text = "Quota exceeded for metric: requests, limit: 0; please retry in 9.5s"
        raise Refused(429, {"error": {"status": "RESOURCE_EXHAUSTED", "message": text}})
    if what == "error":
        raise Refused(500, {"error": {"status": "INTERNAL"}})
    with (folder / "paid").open("a") as paid:
        paid.write(f"{name}\n")
    if what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "cancel":
        raise asyncio.CancelledError


def _trouble(folder: Path, name: str) -> str:
    try:
        planned = (folder / "trouble").read_text().splitlines()
    except FileNotFoundError:
        return ""
    for line in planned:
        at, _, what = line.partition(" ")
        if at == name:
            planned.remove(line)
            (folder / "trouble").write_text("\n".join(planned))
            return what
    return ""


def retried(function: Callable[..., Awaitable[Path]]) -> Callable[..., Awaitable[Path]]:
    """Report a failed call by its name and keep the reason as its cause."""

    @functools.wraps(function)
    async def wrapper(*args: object, **kwargs: object) -> Path:
        try:
            return await function(*args, **kwargs)
        except ClientError as error:
            raise ExhaustedError(f"{function.__name__} gave up") from error

    return wrapper


class Voices:
    """Speaks a text into a file."""

    @retried
    async def generate_speech(
        self, text: str, voice_id: str, emotion: str | None = None, output_path: Path | None = None
    ) -> Path:
        """Write a voice clip."""
        assert output_path is not None
        await _write(f"voice:{text}", output_path.with_suffix(".wav"))
        return output_path.with_suffix(".wav")


class Images:
    """Draws a picture into a file."""

    @retried
    async def generate_image(
        self, prompt: str, reference_image: Path | None = None, output_path: Path | None = None
    ) -> Path:
        """Write an image."""
        assert output_path is not None
        await _write(f"image:{prompt}", output_path)
        return output_path


async def _write(name: str, place: Path) -> None:
    await asyncio.sleep(0)
    _write_file(name, place)


def _write_file(name: str, place: Path) -> None:
    place.write_text("cut off")
    try:
        call(name)
    except Refused as error:
        raise ClientError(f"{name} failed: {error}") from error
    place.write_text(name)
