"""Finds stories on Reddit that are worth a video. Importing it loads no HTTP library."""

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
    """Find stories, best first, and count what was left out and why.

    Parameters:
        settings: paths of the ledger and the cache
        reddit: the user's credentials; None reads them from the environment and `.env`

    Raises:
        UsageError: an option, or every named community, is invalid
        CredentialsRefusedError: the Reddit credentials are missing or refused
        RedditUnreachableError: Reddit does not answer, or asks for a longer wait than is allowed
        LedgerUnreachableError: the ledger cannot be read
    """
    from gt_common.discovery.finding import find_stories

    return await find_stories(settings, options, reddit)


def discover(
    settings: Settings, options: DiscoverOptions, note: Callable[[str], None] | None = None
) -> list[Candidate]:
    """Find stories, blocking; for errors see `find`, which async code calls instead.

    Parameters:
        note: receives a line for each community that could not be searched, and a summary
    """
    import asyncio  # a slow import that --help does not need

    finding = asyncio.run(find(settings, options))
    if note is not None:
        for line in finding.notes():
            note(line)
    return list(finding.candidates)


def check_limit(limit: int | None, *, discover: bool) -> None:
    """Check that a command's `--limit` comes with `--discover`.

    Raises:
        UsageError: it does not
    """
    if limit is not None and not discover:
        raise UsageError("--limit works only with --discover")


def search(
    settings: Settings, limit: int | None, note: Callable[[str], None], *, known: bool = False
) -> ListReading:
    """Return the stories for `--discover` as a list, blocking; for errors see `find`.

    Parameters:
        limit: most stories; None for the default
        known: include stories that are already in the ledger
    """
    options = DiscoverOptions(known=known)
    if limit is not None:
        options = replace(options, limit=limit)
    return reading_of(discover(settings, options, note))


def reading_of(candidates: list[Candidate]) -> ListReading:
    """Convert candidates to a list of stories to merge with others; places look like `r/tifu #3`."""
    from gt_common.stories import ListReading, Story
    from gt_common.texts import clean_title

    stories = (
        Story(c.url, c.canonical, f"r/{c.subreddit} #{c.rank}", title=clean_title(c.title))
        for c in candidates
    )
    return ListReading(tuple(stories), (), ())
