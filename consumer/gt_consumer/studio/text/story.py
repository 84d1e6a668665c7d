"""Loads stories: a Reddit post, a text file, or a post's JSON on this machine."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from gt_common.errors import PermanentError
from gt_common.reddit import fetch_post_text
from gt_common.reddit.saved import read_saved_post
from gt_common.stories import STORY_SUFFIXES
from gt_common.stories.local import story_path
from gt_common.stories.urls import is_other_link
from gt_consumer.studio.script.model import MAX_TITLE


@dataclass(frozen=True)
class Story:
    """A story as it was written.

    Parameters:
        title: may be empty
        text: paragraphs separated by blank lines
        source: its URL
    """

    title: str
    text: str
    source: str


def place_of_post(url: str) -> str:
    """Return where a story was posted, such as `r/tifu`; empty for a file."""
    found = re.search(r"/(r|user|u)/([A-Za-z0-9_-]+)/", url) if url.startswith("http") else None
    return f"{'r' if found.group(1) == 'r' else 'u'}/{found.group(2)}" if found else ""


def load_story(url: str, roots: Sequence[Path]) -> Story:
    """Load the story of a URL; this blocks.

    Parameters:
        roots: folders below which story files are read

    Raises:
        PermanentError: there is no such story, or it can never be told
        RateLimited, CredentialsRefusedError, RedditUnreachableError: Reddit does not return the post now
    """
    path = story_path(url)
    if path is None:
        if urlsplit(url).scheme not in {"http", "https"}:
            raise PermanentError(
                f"the studio reads Reddit posts and files {', '.join(STORY_SUFFIXES)}, not {url!r}"
            )
        if is_other_link(url):
            raise PermanentError(
                f"the studio makes videos of Reddit posts and story files, not of {url}; "
                "choose another orchestrator for other links"
            )
        title, body = fetch_post_text(url)
        return Story(title, body, url)
    if path.suffix.lower() not in STORY_SUFFIXES:
        raise PermanentError(f"the studio reads {', '.join(STORY_SUFFIXES)} files, not {path.name!r}")
    title, body = read_saved_post(path, roots).narration(path.name)
    if len(title) > MAX_TITLE:
        raise PermanentError(
            f"the title of {path.name} has {len(title):,} characters, at most {MAX_TITLE} are allowed: "
            "put a short title on the first line and the story below it"
        )
    return Story(title, body, url)
