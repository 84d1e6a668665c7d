"""The folders below which a batch may read story files: GT_STORY_ROOTS, else those of its lists."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from gt_common.errors import PermanentError
from gt_common.stories import ListReading, NotAStoryError, canonical_url
from gt_common.stories.local import check_story_file, story_path
from gt_common.stories.sources import STANDARD_INPUT, Sources

KEY = "story_roots"


def roots_of_sources(sources: Sources, folder: Path) -> tuple[Path, ...]:
    """Return the folders of the lists and story files that were given.

    Parameters:
        folder: the current folder, from which standard input and pipes name their files
    """
    lists = [_folder_of_list(name, folder) for name in sources.files]
    return _once([*lists, *roots_of_stories(_urls(sources.urls, folder))])


def roots_of_stories(urls: Iterable[str]) -> tuple[Path, ...]:
    """Return the folders of the story files among some URLs."""
    return _once(path.parent for path in map(_path, urls) if path is not None)


def continued_roots(
    given: Iterable[Path], kept: Mapping[str, object], urls: Iterable[str]
) -> tuple[Path, ...]:
    """Return the folders of an existing batch.

    Parameters:
        given: those of a list that is added to it
        kept: the settings with which it was last run; without folders, those of its own stories count
        urls: its stories
    """
    saved = kept.get(KEY)
    before = map(Path, map(str, saved)) if isinstance(saved, list) else roots_of_stories(urls)
    return _once([*before, *given])


def confine(listed: ListReading, roots: tuple[Path, ...]) -> ListReading:
    """Return a list without the story files of other folders, each of which becomes a problem."""
    stories, problems = [], list(listed.problems)
    for story in listed.stories:
        try:
            check_story_file(story.canonical, roots)
        except PermanentError as error:
            problems.append(f"{story.place}: {error}")
        else:
            stories.append(story)
    return replace(listed, stories=tuple(stories), problems=tuple(problems))


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


def _once(folders: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(Path(os.path.realpath(folder)) for folder in folders))
