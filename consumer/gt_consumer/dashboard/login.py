"""Logging in: by the token of the printed address, or with a password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse

from gt_consumer.dashboard.board import USER, board_of
from gt_consumer.dashboard.rendering import render

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from gt_consumer.dashboard.access import User

_LONGEST: Final = 1000
COOKIE_S: Final = 30 * 86_400
"""How long a browser keeps the cookie, in seconds; the server ends an unused session long before."""
_TOO_MANY: Final = "Too many wrong passwords at the moment; try again in some seconds."
_OPEN: Final = ("/static/", "/healthz", "/login")


class RequireUser:
    """Middleware that lets only users further, except to the login and what anybody may see."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        access = board_of(request).access
        guesses = access.takes_passwords and request.headers.get("authorization", "").lower()[:6] == "basic "
        if guesses and access.guesses.too_many:
            await PlainTextResponse(f"{_TOO_MANY}\n", 429)(scope, receive, send)
            return
        user = scope[USER] = access.user_of(request)
        if guesses and user is None:
            await access.guesses.refuse(_client(request))
        token = request.query_params.get("token")
        if token is not None and scope["method"] == "GET":
            await _enter(request, token, user)(scope, receive, send)
        elif user is not None or _is_open(request):
            await self._app(scope, receive, send)
        else:
            await _refuse(request)(scope, receive, send)


def _is_open(request: Request) -> bool:
    path = request.url.path
    return path.startswith(_OPEN) or (path == "/metrics" and board_of(request).local)


def _client(request: Request) -> str:
    return request.client.host if request.client else "?"


def _enter(request: Request, token: str, user: User | None) -> Response:
    """Exchange the token of an address for a session, and lead to the address without it.

    Parameters:
        user: who is logged in already; a token of an earlier start does not keep them out
    """
    session = board_of(request).access.enter_with_token(token)
    place = str(URL(scope=request.scope).remove_query_params("token").replace(scheme="", netloc=""))
    place = local_place(place)
    if session is None:
        return RedirectResponse(place, 303) if user else _refuse(request)
    # A page that leads on, not a redirect: that would still belong to the site that linked here, and the
    # browser would not send a SameSite=Strict cookie with it.
    response = render(request, "entering.html.j2", place=place)
    _give(request, response, session)
    return response


def _give(request: Request, response: Response, session: str) -> None:
    response.set_cookie(
        board_of(request).access.cookie,
        session,
        max_age=COOKIE_S,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def _refuse(request: Request) -> Response:
    path = request.url.path
    if path.startswith(("/api/", "/metrics", "/events")):
        headers = {"www-authenticate": 'Basic realm="gt-dashboard"'} if path != "/events" else None
        return JSONResponse({"error": "log in first"}, 401, headers)
    if board_of(request).access.takes_passwords and request.method == "GET":
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/login?next={quote(path + query, safe='')}", 303)
    return _say_where(request)


def _say_where(request: Request) -> Response:
    return render(request, "refused.html.j2", status=401, proxied=board_of(request).access.proxied)


async def show_login(request: Request) -> Response:
    """Show the form for the password."""
    if not board_of(request).access.takes_passwords:
        return _say_where(request)
    return render(
        request, "login.html.j2", place=local_place(request.query_params.get("next", "/")), wrong=""
    )


async def take_login(request: Request) -> Response:
    """Log in, or show the form again."""
    access = board_of(request).access
    async with request.form(max_files=0, max_fields=5) as form:
        given = {name: str(value)[:_LONGEST] for name, value in form.items()}
    place = local_place(given.get("next", "/"))
    if access.guesses.too_many:
        return render(request, "login.html.j2", status=429, place=place, wrong=_TOO_MANY)
    session = access.enter_with_password(given.get("name", ""), given.get("password", ""))
    if session is None:
        await access.guesses.refuse(_client(request))
        return render(request, "login.html.j2", status=401, place=place, wrong="That password is wrong.")
    response = RedirectResponse(place, 303)
    _give(request, response, session)
    return response


async def log_out(request: Request) -> Response:
    """End the session."""
    access = board_of(request).access
    access.leave(request)
    response = RedirectResponse("/login", 303)
    response.delete_cookie(access.cookie)
    return response


def local_place(given: str) -> str:
    """Return a path of this server; the first page for anything else."""
    try:
        parts = urlsplit(given)
    except ValueError:
        return "/"
    is_path = (
        given.startswith("/") and not given.startswith(("//", "/\\")) and not (parts.scheme or parts.netloc)
    )
    return given if is_path and given.isprintable() and "\\" not in given else "/"
