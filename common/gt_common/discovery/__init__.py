"""Finds stories on Reddit that are worth a video. Importing this package loads no HTTP library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from gt_common.discovery.options import DiscoverOptions
from gt_common.errors import UsageError

if TYPE_CHECKING:
    from gt_common.discovery.candidate import Candidate as Candidate
    from gt_common.discovery.finding import Finding as Finding
    from gt_common.reddit.settings import RedditSettings
    from gt_common.settings import Settings
    from gt_common.stories import ListReading

__all__ = ["DiscoverOptions", "check_limit", "discover", "find", "reading_of", "search"]


async def find(settings: Settings, options: DiscoverOptions, reddit: RedditSettings | None = None) -> Finding:
    """Find stories, best first, with what was left out and why.

    Parameters:
        settings: where the ledger and the cache are
        reddit: the user's credentials; None reads them from the environment and `.env`

    Raises:
        UsageError: an option, or every community that was named, cannot be used
        CredentialsRefusedError: the Reddit credentials are missing or refused
        RedditUnreachableError: Reddit does not answer, or asks for a longer wait than is allowed
        LedgerUnreachableError: the ledger cannot be asked for what it knows
    """
    from gt_common.discovery.finding import find_stories

    return await find_stories(settings, options, reddit)


def discover(
    settings: Settings, options: DiscoverOptions, note: Callable[[str], None] | None = None
) -> list[Candidate]:
    """Find stories, blocking, best first; the errors are those of `find`, which async code calls instead.

    Parameters:
        note: told, in a line each, what could not be looked at and how many posts were left out for what
    """
    import asyncio  # the import takes time that --help has not

    finding = asyncio.run(find(settings, options))
    if note is not None:
        for line in finding.notes():
            note(line)
    return list(finding.candidates)


def check_limit(limit: int | None, *, discover: bool) -> None:
    """See that a command's `--limit` has its `--discover`.

    Raises:
        UsageError: it has not
    """
    if limit is not None and not discover:
        raise UsageError("--limit says how many stories --discover gives; give both")


def search(
    settings: Settings, limit: int | None, note: Callable[[str], None], *, known: bool = False
) -> ListReading:
    """Give the stories of a `--discover` as a list, blocking; the errors are those of `find`.

    Parameters:
        limit: at most so many; None for the default
        known: whether stories are given that the ledger knows already
    """
    options = DiscoverOptions(known=known)
    if limit is not None:
        options = replace(options, limit=limit)
    return reading_of(discover(settings, options, note))


def reading_of(candidates: list[Candidate]) -> ListReading:
    """Give candidates as a list of stories, to be merged with others; places are such as `r/tifu #3`."""
    from gt_common.stories import ListReading, Story

    stories = (Story(c.url, c.canonical, f"r/{c.subreddit} #{c.rank}") for c in candidates)
    return ListReading(tuple(stories), (), ())
