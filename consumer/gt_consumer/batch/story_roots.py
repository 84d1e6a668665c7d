"""The folders below which a batch may read story files: GT_STORY_ROOTS, else those of its lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from gt_common.errors import PermanentError
from gt_common.stories import ListReading
from gt_common.stories.local import check_story_file
from gt_common.stories.roots import once, roots_of_stories

KEY = "story_roots"


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
    return once([*before, *given])


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
