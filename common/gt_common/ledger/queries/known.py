"""Which Reddit posts were in a batch before."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from sqlalchemy import Connection, select

from gt_common.ledger.schema import stories
from gt_common.stories import NotAStoryError, canonical_url


def read_known(connection: Connection, canonicals: Collection[str]) -> set[str]:
    """Give those canonical URLs that a story of any batch has.

    Stories are stored by the URL that was given, in any of its forms: each is brought to its canonical one.
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
    """Give the canonical form of a stored URL; None for one that is no Reddit post's."""
    if url.startswith("file:"):  # a local story; its canonical form would be looked up on the disk
        return None
    try:
        return canonical_url(url, Path())[1]
    except NotAStoryError:
        return None
