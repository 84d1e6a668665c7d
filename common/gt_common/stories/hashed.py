"""Whether a story is one of very many, in little memory."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable


class HashedUrls:
    """Many canonical URLs by their hashes: 8 bytes each, where a set of texts takes 150.

    What is not among them can be found there, once in 10^13 times, so a user has to look again; what is
    among them is always found.
    """

    def __init__(self, urls: Iterable[str]) -> None:
        self._hashes = array("q", sorted(map(hash, urls)))

    def __contains__(self, url: object) -> bool:
        """Whether a URL is among them, most probably."""
        wanted = hash(url)
        at = bisect_left(self._hashes, wanted)
        return at < len(self._hashes) and self._hashes[at] == wanted
