"""Links in a report: only to the web and to files, and escaped so that they stay in their attribute."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, urlsplit

_URL_SAFE = "/:?#[]@!$&'()*+,;=%~"
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
# What neither has to be escaped nor can be misread, as most addresses and names of videos.
_PLAIN = re.compile(r"https?://[A-Za-z0-9.-]+/[A-Za-z0-9._~/?=&,;+-]*")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9._~-]+")
_LINKABLE = {"http", "https", "file"}


def story_href(url: str) -> str | None:
    """Return the link to a story, or None if its address is not a safe link (`javascript:` and the like)."""
    if _PLAIN.fullmatch(url):
        return url
    try:
        linkable = urlsplit(url).scheme.lower() in _LINKABLE
    except ValueError:
        return None
    return quote(url, safe=_URL_SAFE) if linkable else None


def video_href(output_path: str, folder: Path | None) -> str | None:
    """Return the link to a finished video.

    Parameters:
        output_path: `<output>/<batch>/<file>`, absolute or relative to the working folder, or a web address
        folder: folder of the report; inside the same output folder the link is relative, so that the folder
            can be moved or served as a whole
    """
    if "://" in output_path:
        return story_href(output_path)
    if _ADDRESS.match(output_path):  # one that was normalised as if it were a path
        return None
    where, _, name = output_path.rpartition("/")
    if not name or name in {".", ".."} or output_path.startswith("/" + name):
        where, name = os.path.split(Path(output_path))
    return _folder_href(where, folder) + (name if _PLAIN_NAME.fullmatch(name) else quote(os.fsencode(name)))


@lru_cache(maxsize=100)
def _folder_href(where: str, folder: Path | None) -> str:
    """Return the link to a folder of videos, up to their names."""
    videos = Path.cwd() / where
    if folder is not None:
        home, videos = folder.resolve(), videos.resolve()
        output = videos.parent
        beside = output != output.parent and home.is_relative_to(output)
        if beside or videos.is_relative_to(home):
            relative = Path(os.path.relpath(videos, home)).as_posix()
            return "" if relative == "." else f"{quote(relative)}/"
    return videos.as_uri().rstrip("/") + "/"
