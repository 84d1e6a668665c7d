"""Query for Reddit posts that were in any batch."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from sqlalchemy import Connection, select

from gt_common.ledger.schema import stories
from gt_common.stories import NotAStoryError, canonical_url


def read_known(connection: Connection, canonicals: Collection[str]) -> set[str]:
    """Return which of these canonical URLs a story of any batch has.

    Stories are stored by their URL as given, so each is converted to its canonical form first.
    """
    wanted, found = frozenset(canonicals), set[str]()
    query = select(stories.c.url).where(stories.c.url.like("%redd%it%")).distinct()
    for url in connection.execute(query).scalars():
        canonical = canonical_of(url)
        if canonical in wanted:
            found.add(canonical)
            if found == wanted:
                break
    return found


def canonical_of(url: str) -> str | None:
    """Return the canonical form of a stored URL; None if it is not a Reddit post."""
    if url.startswith("file:"):  # a local story; computing its canonical form would access the disk
        return None
    try:
        return canonical_url(url, Path())[1]
    except NotAStoryError:
        return None
