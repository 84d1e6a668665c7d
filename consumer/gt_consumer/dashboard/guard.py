"""Stands before every request: the right host, no request from another site, and headers that forbid more.

Browsers tell by `Sec-Fetch-Site` where a request comes from (w3.org/TR/fetch-metadata); older ones by
`Origin`. So forms need no tokens of their own. A page on a loopback address is only served under the names of
this machine, because another site may let its own name point here (DNS rebinding).
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

from gt_consumer.dashboard.addresses import is_loopback

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

NONCE: Final = "gt_nonce"
"""Key of the nonce of a request's scripts in its scope."""
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_POLICY: Final = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self' data:; "
    "media-src 'self'; connect-src 'self'; worker-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not no-referrer: with that, browsers would send `Origin: null` with forms.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """Middleware that refuses what other sites send, and adds the headers.

    Parameters:
        local: whether only names of this machine are served
    """

    def __init__(self, app: ASGIApp, *, local: bool) -> None:
        self._app = app
        self._local = local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        nonce = scope[NONCE] = secrets.token_urlsafe(18)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                headers["content-security-policy"] = _POLICY.format(nonce=nonce)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        refused = self._why_refused(scope)
        handler = self._app if refused is None else PlainTextResponse(*refused)
        await handler(scope, receive, send_guarded)

    def _why_refused(self, scope: Scope) -> tuple[str, int] | None:
        """Return why a request is not served, and the status code; None if it is."""
        headers = Headers(scope=scope)
        if self._local and not is_loopback(_hostname(headers.get("host", ""))):
            return "This address is only served as 127.0.0.1 or localhost.\n", 421
        if scope["method"] not in _SAFE and not is_same_origin(headers):
            return "Only the dashboard's own pages may send this.\n", 403
        return None


def is_same_origin(headers: Headers) -> bool:
    """Whether a request that changes something comes from a page of this server, or from no browser."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    if origin is not None:
        return origin.partition("://")[2] == headers.get("host", "")
    # Browsers add credentials of their own to cookies only; other sites' pages cannot send these.
    return headers.get("authorization", "").lower().startswith("bearer ")


def _hostname(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""
