"""Who may see the pages, and who may act: a token on this machine, passwords, or a proxy's header."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from gt_common.log import get_logger
from gt_common.texts import one_line, truncate

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

log = get_logger("dashboard")

SESSION_S: Final = 12 * 3600.0
"""How long a session lasts without a request, in seconds."""
MOST_SESSIONS: Final = 1000
_NAME: Final = 80
REFUSAL_S: Final = 1.0
"""How long the answer to a wrong password waits, in seconds."""
AT_ONCE: Final = 4
"""Wrong passwords that wait at the same time; others are refused unread."""


class Role(StrEnum):
    """What a user may do."""

    READER = "reader"
    OPERATOR = "operator"


@dataclass(frozen=True)
class User:
    """Somebody who is logged in; `name` is the one under which acts are recorded."""

    name: str
    role: Role


@dataclass(frozen=True)
class Doors:
    """The ways in.

    Parameters:
        token: lets everyone in who has it, as `operator`; None where no address carries one
        operator: name of the user who has the token
        password, reader_password: of operators and of readers; None if there is none
        header: name of the header that a proxy sets; None to ignore all
        read_only: whether everybody only looks
    """

    operator: str
    token: str | None = None
    password: str | None = None
    reader_password: str | None = None
    header: str | None = None
    read_only: bool = False


class Guesses:
    """Makes guessing slow: answers to wrong passwords wait, and few wait at a time."""

    def __init__(self) -> None:
        self._waiting = 0

    @property
    def too_many(self) -> bool:
        """Whether so many wait that no other password should be looked at."""
        return self._waiting >= AT_ONCE

    async def refuse(self, client: str) -> None:
        """Note a wrong password, and wait.

        Parameters:
            client: address that sent it
        """
        log.warning("login_refused", client=client)
        self._waiting += 1
        try:
            await asyncio.sleep(REFUSAL_S)
        finally:
            self._waiting -= 1


class Access:
    """Lets users in and remembers them for a while; a restart forgets them.

    Parameters:
        cookie: name of the session's cookie
        clock: returns seconds; tests pass their own
    """

    def __init__(self, doors: Doors, cookie: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.cookie = cookie
        self.guesses = Guesses()
        self._doors = doors
        self._clock = clock
        self._sessions: OrderedDict[str, tuple[float, User]] = OrderedDict()

    @property
    def takes_passwords(self) -> bool:
        """Whether users log in with a password."""
        return self._doors.password is not None or self._doors.reader_password is not None

    @property
    def proxied(self) -> bool:
        """Whether a proxy names the users."""
        return self._doors.header is not None

    @property
    def reads_only(self) -> bool:
        """Whether nobody may act."""
        return self._doors.read_only

    def user_of(self, request: HTTPConnection) -> User | None:
        """Return who sends a request; None for somebody who is not logged in."""
        doors = self._doors
        if doors.header is not None:
            name = request.headers.get(doors.header, "")
            if name.strip():
                return self._user(name, Role.OPERATOR)
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self._has_token(given):
            return self._user(doors.operator, Role.OPERATOR)
        if kind.lower() == "basic":
            return self._basic(given)
        return self._session(request.cookies.get(self.cookie, ""))

    def enter_with_token(self, token: str) -> str | None:
        """Return a new session for the right token; None for a wrong one."""
        return (
            self._begin(self._user(self._doors.operator, Role.OPERATOR)) if self._has_token(token) else None
        )

    def enter_with_password(self, name: str, password: str) -> str | None:
        """Return a new session for a right password; None for a wrong one."""
        user = self._by_password(name, password)
        return None if user is None else self._begin(user)

    def leave(self, request: HTTPConnection) -> None:
        """End the session of a request."""
        self._sessions.pop(request.cookies.get(self.cookie, ""), None)

    def _user(self, name: str, role: Role) -> User:
        shown = truncate(one_line(name), _NAME) or "dashboard"
        return User(shown, Role.READER if self._doors.read_only else role)

    def _has_token(self, given: str) -> bool:
        token = self._doors.token
        return token is not None and hmac.compare_digest(given.strip().encode(), token.encode())

    def _by_password(self, name: str, password: str) -> User | None:
        for wanted, role in (
            (self._doors.password, Role.OPERATOR),
            (self._doors.reader_password, Role.READER),
        ):
            if wanted is not None and hmac.compare_digest(password.encode(), wanted.encode()):
                return self._user(f"{name.strip() or role.value} (dashboard)", role)
        return None

    def _basic(self, given: str) -> User | None:
        try:
            name, _, password = base64.b64decode(given, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return None
        return self._by_password(name, password)

    def _begin(self, user: User) -> str:
        session = secrets.token_urlsafe(32)
        self._sessions[session] = self._clock(), user
        while len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return session

    def _session(self, session: str) -> User | None:
        seen, user = self._sessions.get(session, (0.0, None))
        if user is None:
            return None
        if self._clock() - seen > SESSION_S:
            del self._sessions[session]
            return None
        self._sessions[session] = self._clock(), user
        self._sessions.move_to_end(session)
        return user
