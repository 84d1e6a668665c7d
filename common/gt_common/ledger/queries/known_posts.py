"""Query for Reddit posts that were in any batch."""

from __future__ import annotations

from collections.abc import Collection

from gt_common.ledger.plain import Plain
from gt_common.ledger.queries.tombstones import read_pruned_stories
from gt_common.stories.urls import canonical_of


def read_known(plain: Plain, canonicals: Collection[str]) -> set[str]:
    """Return which of these canonical URLs a story of any batch has.

    Stories are stored by their URL as given, so each is converted to its canonical form first; those of
    pruned batches have a key of their own.
    """
    wanted = frozenset(canonicals)
    found = {canonical for canonical, _ in read_pruned_stories(plain, wanted)}
    for (url,) in plain.rows("SELECT DISTINCT url FROM gt_stories WHERE url LIKE ?", "%redd%it%"):
        canonical = canonical_of(url)
        if canonical is not None and canonical in wanted:
            found.add(canonical)
            if found == wanted:
                break
    return found
