"""What Reddit shows instead of a story is never narrated, and a story that mentions it is."""

from __future__ import annotations

import pytest

from gt_common.errors import PermanentError, StoryGoneError
from gt_common.reddit.posts import read_post
from gt_common.reddit.text import PostText, is_gone, narrated_text
from support.placeholders import REMOVED, STORIES, WITHOUT_TEXT


@pytest.mark.parametrize("text", REMOVED)
def test_a_notice_is_recognised_in_text_and_title(text: str) -> None:
    assert is_gone(text)
    for post in (PostText(title="Mine", selftext=text), PostText(title=text, selftext="It began.")):
        with pytest.raises(StoryGoneError, match=r"^the post was removed or deleted: the source$"):
            post.narration("the source")


@pytest.mark.parametrize("text", WITHOUT_TEXT)
def test_links_pictures_and_polls_are_not_a_text(text: str) -> None:
    assert not is_gone(text)
    assert narrated_text(text) == ""
    with pytest.raises(PermanentError, match="has no text"):
        PostText(title="Mine", selftext=text).narration("the source")


@pytest.mark.parametrize("text", STORIES)
def test_a_story_that_mentions_them_is_told(text: str) -> None:
    told = PostText(title="Mine", selftext=text).narration("the source")[1]
    assert told.startswith(text[:12])
    assert "View Poll" not in told
    assert "giphy" not in told


@pytest.mark.parametrize("text", ["", "https://redd.it/abc1", "[View Poll](https://www.reddit.com/poll/x)"])
def test_a_crosspost_has_the_text_of_the_post_it_shows(text: str) -> None:
    parents = [{"title": "First", "selftext": "It began."}]
    post = PostText.model_validate({"title": "Look", "selftext": text, "crosspost_parent_list": parents})
    assert post.narration("the source") == ("Look", "It began.")


def test_a_crosspost_of_a_removed_post_is_removed() -> None:
    parents = [{"title": "First", "selftext": "[ Removed by Reddit ]"}]
    post = PostText.model_validate({"title": "Look", "selftext": "", "crosspost_parent_list": parents})
    with pytest.raises(PermanentError, match="removed or deleted"):
        post.narration("the source")


def test_null_means_the_default_in_every_field() -> None:
    optional = ("title", "author", "permalink", "ups", "num_comments", "upvote_ratio", "over_18", "stickied")
    nulls = dict.fromkeys((*optional, "removed_by_category", "crosspost_parent_list"))
    data = {"id": "abc1", "subreddit": "tifu", "selftext": "It began.", "created_utc": 1.0, **nulls}
    post = read_post({"kind": "t3", "data": data})
    assert post is not None
    assert (post.text, post.ups, post.crosspost_parent_list) == ("It began.", 0, ())
