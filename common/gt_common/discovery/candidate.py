"""A post that may become a video, and the score by which candidates are ranked."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from datetime import datetime

from gt_common.discovery.quality import judge
from gt_common.reddit.posts import RedditPost
from gt_common.texts import utc_text


@dataclass(frozen=True)
class Candidate:
    """A found story.

    Parameters:
        rank: 1 is the best
        score: viral × quality, by which candidates are ranked
        viral: see `viral_score`
        quality: factor for the text; 1 if it is not judged
        remarks: why quality is not 1
        url, canonical: its URL, and the form that lists and the ledger compare
        age_hours: hours since it was posted
        length: characters of its text
    """

    rank: int
    score: float
    viral: float
    quality: float
    remarks: tuple[str, ...]
    id: str
    subreddit: str
    title: str
    url: str
    canonical: str
    upvotes: int
    comments: int
    upvote_ratio: float | None
    created_at: datetime
    age_hours: float
    length: int

    def document(self) -> dict[str, object]:
        """Return it in the form of `--json`."""
        document = asdict(self)
        del document["canonical"]
        document["created_at"] = utc_text(self.created_at)
        return document


def viral_score(upvotes: int, comments: int, age_hours: float) -> float:
    """Return (upvotes + 2·comments) / √max(1, age in hours).

    Writing a comment takes more effort than voting, so it counts twice. With the square root an older post
    with many more votes stays ahead; dividing by the age itself would rank almost by age alone.
    """
    return (upvotes + 2 * comments) / math.sqrt(max(1.0, age_hours))


def rank(posts: list[RedditPost], now: datetime, *, quality: bool) -> list[Candidate]:
    """Rank posts as candidates, best first.

    Parameters:
        quality: whether the text is judged
    """
    rated = [(post, *_rate(post, now, quality=quality)) for post in posts]
    rated.sort(key=lambda entry: (-entry[1] * entry[2], entry[0].id))
    return [
        Candidate(
            rank=place,
            score=round(viral * factor, 1),
            viral=round(viral, 1),
            quality=round(factor, 2),
            remarks=remarks,
            id=post.id,
            subreddit=post.subreddit,
            title=" ".join(post.title.split()),
            url=post.url,
            canonical=post.canonical,
            upvotes=post.ups,
            comments=post.num_comments,
            upvote_ratio=post.upvote_ratio,
            created_at=post.created_utc,
            age_hours=round(post.age_hours(now), 1),
            length=len(post.text),
        )
        for place, (post, viral, factor, remarks) in enumerate(rated, start=1)
    ]


def _rate(post: RedditPost, now: datetime, *, quality: bool) -> tuple[float, float, tuple[str, ...]]:
    verdict = judge(post) if quality else None
    viral = viral_score(post.ups, post.num_comments, post.age_hours(now))
    return viral, verdict.factor if verdict else 1.0, verdict.remarks if verdict else ()
