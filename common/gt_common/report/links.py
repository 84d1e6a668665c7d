"""Links in a report: only to the web and to files, and escaped so that they stay in their attribute."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import quote, urlsplit

_URL_SAFE = "/:?#[]@!$&'()*+,;=%~"
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
_LINKABLE = {"http", "https", "file"}


def story_href(url: str) -> str | None:
    """Return the link to a story, or None if its address is not a safe link (`javascript:` and the like)."""
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
    video = Path(output_path).absolute()
    if folder is not None:
        home = folder.resolve()
        video = video.parent.resolve() / video.name
        output = video.parent.parent
        beside = output != output.parent and home.is_relative_to(output)
        if beside or video.is_relative_to(home):
            return quote(Path(os.path.relpath(video, home)).as_posix())
    return video.as_uri()
