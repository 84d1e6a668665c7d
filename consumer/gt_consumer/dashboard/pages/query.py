"""Values of an address: what is searched for, filtered by, and which page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.requests import Request

LONGEST: Final = 200
_LAST_PAGE: Final = 1_000_000


def text_of(request: Request, name: str) -> str:
    """Return a text of the address, without blanks around it; empty if it has none."""
    return request.query_params.get(name, "").strip()[:LONGEST]


def page_of(request: Request) -> int:
    """Return the number of the page, from 1."""
    given = text_of(request, "page")
    return min(max(int(given), 1), _LAST_PAGE) if given.isascii() and given.isdigit() else 1


def tags_of(request: Request) -> dict[str, str]:
    """Return the tags of the address, each given as `tag=KEY=VALUE`."""
    given = (text.partition("=") for text in request.query_params.getlist("tag")[:20])
    return {key.strip(): value.strip() for key, equals, value in given if equals and key.strip()}
