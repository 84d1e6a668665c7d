"""Filters: which posts are left out, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from gt_common.discovery.blocklist import Blocklist
from gt_common.discovery.options import DiscoverOptions
from gt_common.reddit.posts import RedditPost


def reason_against(post: RedditPost, options: DiscoverOptions, blocklist: Blocklist) -> str | None:
    """Return why a post is left out, in words that fit after a count; None if it is a candidate."""
    length = len(post.text)
    reasons = (
        ("removed or deleted", post.removed or post.author is None),
        ("pinned by moderators", post.stickied),
        ("not safe for work", post.over_18 and not options.nsfw),
        (f"under {options.min_upvotes:,} upvotes", post.ups < options.min_upvotes),
        (f"under {options.min_comments:,} comments", post.num_comments < options.min_comments),
        (f"under {options.min_length:,} characters", length < options.min_length),
        (f"over {options.max_length:,} characters", length > options.max_length),
    )
    found = next((reason for reason, applies in reasons if applies), None)
    if found is None and blocklist.find(f"{post.title}\n{post.text}") is not None:
        return "with blocked words"
    return found


def keep(
    posts: Iterable[RedditPost], options: DiscoverOptions, blocklist: Blocklist
) -> tuple[list[RedditPost], Counter[str]]:
    """Return the candidates, and the number of other posts for each reason."""
    kept: dict[str, RedditPost] = {}
    told: set[str] = set()
    left_out: Counter[str] = Counter()
    # Most votes first: of a story that was posted twice, that post is kept.
    for post in sorted(posts, key=lambda post: (-post.ups, post.id)):
        reason = reason_against(post, options, blocklist)
        words = " ".join(post.text.lower().split())
        if reason is None and (post.id in kept or words in told):
            reason = "posted twice"
        if reason is None:
            kept[post.id] = post
            told.add(words)
        else:
            left_out[reason] += 1
    return list(kept.values()), left_out
