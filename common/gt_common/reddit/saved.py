"""Stories in files: plain text, and posts saved as Reddit's JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from gt_common.errors import PermanentError
from gt_common.reddit.text import PostText
from gt_common.stories.local import read_story_file
from gt_common.stories.titles import split_heading

MAX_BYTES: Final = 2_000_000


def read_saved_post(path: Path, roots: Sequence[Path]) -> PostText:
    """Read a story file: title and text of a text file, or the only post of a `.json` file.

    Parameters:
        roots: folders below which it must lie

    Raises:
        PermanentError: there is no such story
        OSError: it cannot be read now
    """
    text = _read(path, roots)
    return _from_json(text, path) if path.suffix.lower() == ".json" else _from_text(text)


def _read(path: Path, roots: Sequence[Path]) -> str:
    try:
        text = read_story_file(path, roots, MAX_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PermanentError(
            f"story file is not UTF-8 (byte {error.start}): {path.name}; save it as UTF-8"
        ) from None
    if not text.strip():
        raise PermanentError(f"story file is empty: {path.name}")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _from_text(text: str) -> PostText:
    title, rest = split_heading(text)
    return PostText(title=title, selftext=rest)


def _from_json(text: str, path: Path) -> PostText:
    try:
        found = _find_posts(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise PermanentError(f"story file is not JSON: {path.name}: {error}") from None
    if not found:
        raise PermanentError(f"no Reddit post in {path.name}: expected a t3 object with title and selftext")
    if len(found) > 1:
        raise PermanentError(
            f"{path.name} has {len(found)} posts, and a story is one of them: save each as its own file, "
            "such as the answer of https://www.reddit.com/comments/ID.json"
        )
    try:
        return PostText.model_validate(found[0])
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise PermanentError(f"the Reddit post in {path.name} has an invalid {place}") from None


def _find_posts(data: object) -> list[dict[str, object]]:
    """Return the posts of a listing, a list of listings (post and comments), a t3 object or a bare post."""
    if isinstance(data, list):
        return [post for entry in data for post in _find_posts(entry)]
    if not isinstance(data, dict):
        return []
    kind, inner = data.get("kind"), data.get("data")
    if kind == "Listing" and isinstance(inner, dict):
        return _find_posts(inner.get("children"))
    if kind is not None:
        return [inner] if kind == "t3" and isinstance(inner, dict) else []
    return [data] if "title" in data or "selftext" in data else []
