"""Options of discovery; cheap to import, because `--help` needs them."""

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
    """The period of the best posts."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    ALL = "all"


@dataclass(frozen=True)
class DiscoverOptions:
    """What to search for.

    Parameters:
        subreddits: full names of communities; see `parse_subreddits`
        limit: most stories to return
        min_upvotes, min_comments: as Reddit counts them
        min_length, max_length: characters of the text
        nsfw: include posts marked as not safe for work
        quality: judge the text as well as upvotes, comments and age
        blocklist: leave out the built-in list of themes
        block_words: file of further words to leave out, one per line
        known: include stories that are already in the ledger
        cache: use cached answers of the last hour
        depth: posts to check in each community, 100 to 1,000
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
    """Parse names such as `AITA,tifu` or `r/ProRevenge`; repeated names count once.

    Raises:
        UsageError: one is not the name of a community
    """
    found: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name = re.sub(r"^/?r/", "", part, flags=re.IGNORECASE).rstrip("/")
        if not _NAME.fullmatch(name):
            raise UsageError(f"--subreddits: {part!r} is not the name of a community; write AITA,tifu")
        full = SHORT_NAMES.get(name.lower(), name)
        found.setdefault(full.lower(), full)
    if not found:
        raise UsageError("--subreddits: no community given; write for example AITA,tifu")
    return tuple(found.values())


def _within(option: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise UsageError(f"{option} is {value:,}; it must be between {low:,} and {high:,}")
