"""The folders of what was given: below them story files may be read unless GT_STORY_ROOTS says otherwise."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from gt_common.errors import PermanentError
from gt_common.stories import NotAStoryError, canonical_url
from gt_common.stories.local import story_path
from gt_common.stories.sources import STANDARD_INPUT, Sources


def roots_of_sources(sources: Sources, folder: Path) -> tuple[Path, ...]:
    """Return the folders of the lists and story files that were given.

    Parameters:
        folder: the current folder, from which standard input and pipes name their files
    """
    lists = [_folder_of_list(name, folder) for name in sources.files]
    return once([*lists, *roots_of_stories(_urls(sources.urls, folder))])


def roots_of_stories(urls: Iterable[str]) -> tuple[Path, ...]:
    """Return the folders of the story files among some URLs."""
    return once(path.parent for path in map(_path, urls) if path is not None)


def once(folders: Iterable[Path]) -> tuple[Path, ...]:
    """Return folders with their links resolved, each once."""
    return tuple(dict.fromkeys(Path(os.path.realpath(folder)) for folder in folders))


def _folder_of_list(name: str, folder: Path) -> Path:
    path = folder / name
    return path.parent if name != STANDARD_INPUT and path.is_file() else folder


def _urls(texts: Iterable[str], folder: Path) -> Iterable[str]:
    for text in texts:
        try:
            yield canonical_url(text, folder)[1]
        except NotAStoryError:
            continue


def _path(url: str) -> Path | None:
    try:
        return story_path(url)
    except PermanentError:
        return None
