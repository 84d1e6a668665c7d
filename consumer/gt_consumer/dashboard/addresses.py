"""Addresses of the pages, and of machines."""

from __future__ import annotations

import ipaddress
from urllib.parse import quote, urlencode


def batch_href(batch_id: str) -> str:
    """Return the address of a batch's page."""
    return f"/batches/{quote(batch_id, safe='')}"


def story_href(batch_id: str, story_id: str) -> str:
    """Return the address of a story's page."""
    return f"{batch_href(batch_id)}/stories/{quote(story_id, safe='')}"


def with_query(path: str, **values: object) -> str:
    """Return an address with those values that are not empty."""
    given = {name: value for name, value in values.items() if value not in {None, "", 0}}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a name or an IP address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
