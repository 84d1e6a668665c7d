"""Stories in lists: which texts name a story, which of them name the same one, and what its id is."""

from gt_common.stories.lists import MAX_LINES, ListReading, Story, merge, read_list, read_list_file
from gt_common.stories.urls import MAX_URL, STORY_SUFFIXES, NotAStoryError, canonical_url, slug, story_id

__all__ = [
    "MAX_LINES",
    "MAX_URL",
    "STORY_SUFFIXES",
    "ListReading",
    "NotAStoryError",
    "Story",
    "canonical_url",
    "merge",
    "read_list",
    "read_list_file",
    "slug",
    "story_id",
]
