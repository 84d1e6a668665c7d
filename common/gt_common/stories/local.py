"""Story files on this machine: they are read below the folders of GT_STORY_ROOTS only."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path, PurePath
from urllib.parse import urlsplit

from gt_common.errors import PermanentError
from gt_common.files import open_below
from gt_common.stories.urls import path_of

HERE = frozenset({"", "localhost"})


def story_path(url: str) -> Path | None:
    """Return the path of a `file:` URL, None for other URLs.

    Raises:
        PermanentError: the file is on another host, or no file can have its name
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise PermanentError(f"not a story URL: {url!r}: {error}") from None
    if parts.scheme != "file":
        return None
    path = path_of(parts)
    if parts.netloc.lower() not in HERE or "\0" in str(path):
        raise PermanentError(f"not the URL of a file on this machine: {url!r}")
    return path


def given_name(text: str, url: str) -> str | None:
    """Return how a list names a story file; None if it names no file, or if its URL says it as well.

    A name that begins with a hyphen gets `./` before it, because programs get it as an argument.
    """
    if not url.startswith("file:") or text == url or not text.isprintable():
        return None
    return f"./{text}" if text.startswith("-") else text


def name_for_programs(url: str, given: str | None) -> str:
    """Return a story's URL as it was given, if that names this very story; otherwise its URL.

    A message may be forged: its URL is checked against the folders of GT_STORY_ROOTS, so what a program gets
    in its place must not lead to another file. A relative name must be the end of the file's own path, so
    that of a link to the file is not used. This accesses the disk.
    """
    path = story_path(url)
    if path is None or given is None:
        return url
    try:
        named = story_path(given) or Path(given).expanduser()
        if named.is_absolute():
            return given if os.path.realpath(named) == os.path.realpath(path) else url
    except (PermanentError, RuntimeError, ValueError, OSError):
        return url
    parts = [part for part in PurePath(os.path.normpath(named)).parts if part != ".."]
    return given if parts and list(path.parts[-len(parts) :]) == parts else url


def check_story_file(url: str, roots: Sequence[Path]) -> None:
    """Check that a `file:` URL names a file below one of the folders; other URLs pass.

    Raises:
        PermanentError: it does not, with the setting that allows it
    """
    path = story_path(url)
    if path is not None:
        try:
            opened = open_below(path, roots)
        except OSError:
            return  # the error of reading it says more
        if opened is None:
            raise PermanentError(outside(path, roots))
        os.close(opened)


def read_story_file(path: Path, roots: Sequence[Path], most: int) -> bytes:
    """Read a story file.

    Parameters:
        roots: folders below which it must lie, links resolved
        most: bytes that it may have

    Raises:
        PermanentError: it is in another folder, missing, not a regular file or too large
        OSError: it cannot be read now
    """
    try:
        opened = open_below(path, roots)
    except (FileNotFoundError, NotADirectoryError):
        raise PermanentError(f"story file not found on this machine: {path}") from None
    if opened is None:
        raise PermanentError(outside(path, roots))
    with os.fdopen(opened, "rb") as file:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise PermanentError(f"story file not found on this machine: {path}")
        content = file.read(most + 1)
    if len(content) > most:
        raise PermanentError(f"story file is larger than {most // 1_000_000} MB: {path.name}")
    return content


def outside(path: Path, roots: Sequence[Path]) -> str:
    """Return why a file is not read, and the setting that allows it."""
    given = ", ".join(map(str, roots)) or "not set here"
    return (
        f"story files are read below the folders of GT_STORY_ROOTS only ({given}), which {path} is not; "
        f"to allow it, set GT_STORY_ROOTS where the story is made"
    )
