"""The canonical form of links other than Reddit posts: when two of them name the same page.

Why it changes so little: docs/decisions/0037.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlunsplit

_PORTS = {"http": 80, "https": 443}
# Names that advertisers and mail programs add, and that no page is chosen by.
_TRACKING = re.compile(r"(?:utm_\w+|fbclid|gclid|dclid|msclkid)(?:=|$)", re.IGNORECASE)
_ROUTES = ("!", "/")


def canonical_link(parts: SplitResult) -> str | None:
    """Return the form of a link that is equal for equal pages; None if it names no host or no valid port.

    Scheme and host are in lower case, the default port, parameters that only track and the fragment are left
    out. A fragment that begins with `!` or `/` chooses the page in some applications and stays.
    """
    try:
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return None
    if not host:
        return None
    place = f"[{host}]" if ":" in host else host
    if port is not None and port != _PORTS[parts.scheme]:
        place = f"{place}:{port}"
    query = "&".join(part for part in parts.query.split("&") if not _TRACKING.match(part))
    fragment = parts.fragment if parts.fragment.startswith(_ROUTES) else ""
    return urlunsplit((parts.scheme, place, parts.path or "/", query, fragment))
