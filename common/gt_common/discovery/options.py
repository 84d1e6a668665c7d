"""What may be asked of discovery; light, for commands load it for their `--help`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from gt_common.errors import UsageError

DEFAULT_SUBREDDITS = ("AmItheAsshole", "tifu", "relationship_advice", "ProRevenge", "EntitledPeople")
SHORT_NAMES = {"aita": "AmItheAsshole", "tifu": "tifu"}
# Reddit ends every listing after 1,000 posts.
DEEPEST = 1000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]{1,20}")


class TimeFilter(StrEnum):
    """Of what time the best posts are taken."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    ALL = "all"


@dataclass(frozen=True)
class DiscoverOptions:
    """What is looked for.

    Parameters:
        subreddits: communities, by full names; see `parse_subreddits`
        limit: stories to give, at most
        min_upvotes, min_comments: as Reddit counts them
        min_length, max_length: characters of the text
        nsfw: whether posts marked as not safe for work are taken too
        quality: whether the text is judged, besides upvotes, comments and age
        blocklist: whether the built-in list of themes is left out
        block_words: a file of further words to leave out, one a line
        known: whether stories are given that the ledger knows already
        cache: whether answers of the last hour are used again
        depth: posts to look at in each community, 100 to 1,000
    """

    subreddits: tuple[str, ...] = DEFAULT_SUBREDDITS
    time_filter: TimeFilter = TimeFilter.WEEK
    limit: int = 20
    min_upvotes: int = 1000
    min_comments: int = 100
    min_length: int = 500
    max_length: int = 10_000
    nsfw: bool = False
    quality: bool = True
    blocklist: bool = True
    block_words: Path | None = None
    known: bool = False
    cache: bool = True
    depth: int = 300

    def __post_init__(self) -> None:
        _within("--limit", self.limit, 1, 1000)
        _within("--depth", self.depth, 100, DEEPEST)
        _within("--min-upvotes", self.min_upvotes, 0, 10_000_000)
        _within("--min-comments", self.min_comments, 0, 10_000_000)
        _within("--min-length", self.min_length, 1, 40_000)
        _within("--max-length", self.max_length, self.min_length, 1_000_000)
        if not 1 <= len(self.subreddits) <= 50:
            raise UsageError("--subreddits: name 1 to 50 communities")


def parse_subreddits(text: str) -> tuple[str, ...]:
    """Read names such as `AITA,tifu` or `r/ProRevenge`; the same one twice counts once.

    Raises:
        UsageError: one is no name of a community
    """
    found: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name = re.sub(r"^/?r/", "", part, flags=re.IGNORECASE).rstrip("/")
        if not _NAME.fullmatch(name):
            raise UsageError(f"--subreddits: not the name of a community: {part!r}; write AITA,tifu")
        full = SHORT_NAMES.get(name.lower(), name)
        found.setdefault(full.lower(), full)
    if not found:
        raise UsageError("--subreddits: no community is named; write AITA,tifu")
    return tuple(found.values())


def _within(option: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise UsageError(f"{option} is {value:,}; it must lie between {low:,} and {high:,}")
