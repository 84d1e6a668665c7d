"""Lists of stories: URLs and files that name a story, when two name the same one, and story ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gt_common import lazy_names

if TYPE_CHECKING:
    from gt_common.stories.hashed import HashedUrls
    from gt_common.stories.lists import (
        MAX_LINES,
        ListReading,
        OnLines,
        merge,
        notes_of,
        read_list,
        read_list_file,
    )
    from gt_common.stories.story import Story, StoryTable, canonical_urls, contents, without, without_in_order
    from gt_common.stories.urls import (
        MAX_URL,
        STORY_SUFFIXES,
        NotAStoryError,
        canonical_url,
        path_of,
        slug,
        story_id,
        story_ids,
    )

_MODULES: Final = ("story", "urls", "lists", "hashed")
"""What has the public names. Who only reads messages or a ledger needs none of them."""

__all__ = [
    "MAX_LINES",
    "MAX_URL",
    "STORY_SUFFIXES",
    "HashedUrls",
    "ListReading",
    "NotAStoryError",
    "OnLines",
    "Story",
    "StoryTable",
    "canonical_url",
    "canonical_urls",
    "contents",
    "merge",
    "notes_of",
    "path_of",
    "read_list",
    "read_list_file",
    "slug",
    "story_id",
    "story_ids",
    "without",
    "without_in_order",
]

__getattr__ = lazy_names(__name__, _MODULES, __all__)
