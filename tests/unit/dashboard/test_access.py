"""Who is let in, as whom, and for how long."""

from __future__ import annotations

import base64

import pytest
from starlette.datastructures import Headers
from starlette.requests import Request

from gt_consumer.dashboard import access
from gt_consumer.dashboard.access import Access, Doors, Role, User
from gt_consumer.dashboard.guard import is_same_origin
from gt_consumer.dashboard.login import local_place


def request(**headers: str) -> Request:
    """Return a request with these headers; `_` stands for `-`."""
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": raw})


def basic(name: str, password: str) -> str:
    """Return the header of basic auth."""
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def test_a_session_lasts_while_it_is_used() -> None:
    clock = [0.0]
    entry = Access(Doors("ann@desk", token="secret"), "c", lambda: clock[-1])
    session = entry.enter_with_token("secret")
    assert entry.enter_with_token("secreT") is None
    user = User("ann@desk", Role.OPERATOR)
    for now in (0.0, access.SESSION_S - 1, 2 * access.SESSION_S - 2):
        clock.append(now)
        assert entry.user_of(request(cookie=f"c={session}")) == user
    clock.append(3 * access.SESSION_S)
    assert entry.user_of(request(cookie=f"c={session}")) is None
    assert entry.user_of(request(cookie="c=")) is None


def test_old_sessions_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "MOST_SESSIONS", 2)
    entry = Access(Doors("ann", token="secret"), "c")
    sessions = [entry.enter_with_token("secret") for _ in range(3)]
    known = [entry.user_of(request(cookie=f"c={session}")) is not None for session in sessions]
    assert known == [False, True, True]


def test_passwords_give_roles_and_names() -> None:
    entry = Access(Doors("x", password="act-word", reader_password="look-word"), "c")
    assert entry.user_of(request(authorization=basic("ben", "act-word"))) == User(
        "ben (dashboard)", Role.OPERATOR
    )
    assert entry.user_of(request(authorization=basic("", "look-word"))) == User(
        "reader (dashboard)", Role.READER
    )
    for wrong in (basic("ben", ""), basic("ben", "act-word "), "Basic !!", "Bearer act-word", "Basic"):
        assert entry.user_of(request(authorization=wrong)) is None
    assert entry.enter_with_token("") is None


def test_only_a_trusted_header_names_a_user_and_read_only_makes_readers() -> None:
    entry = Access(Doors("x", header="X-User", read_only=True), "c")
    assert entry.user_of(request(x_user="carla\x1b[31m")) == User("carla[31m", Role.READER)
    assert entry.user_of(request(x_user=" ")) is None
    assert Access(Doors("x", token="t"), "c").user_of(request(x_user="carla")) is None


def test_a_password_opens_where_the_proxy_names_nobody() -> None:
    entry = Access(Doors("x", password="act-word", header="X-User"), "c")
    scraper = basic("prometheus", "act-word")
    assert entry.user_of(request(authorization=scraper)) == User("prometheus (dashboard)", Role.OPERATOR)
    assert entry.user_of(request(authorization=scraper, x_user="carla")) == User("carla", Role.OPERATOR)
    assert entry.user_of(request(cookie=f"c={entry.enter_with_password('ben', 'act-word')}")) is not None
    assert entry.user_of(request(authorization=basic("eve", "guessed"))) is None


@pytest.mark.parametrize(
    ("headers", "same"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "http://here:1"}, False),
        ({"origin": "http://here:1"}, True),
        ({"origin": "http://here:2"}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://["}, False),
        ({}, False),
        ({"authorization": "Bearer t"}, True),
        ({"authorization": "Basic t"}, False),
    ],
)
def test_where_a_form_comes_from(headers: dict[str, str], same: bool) -> None:
    assert is_same_origin(Headers({"host": "here:1", **headers})) is same


@pytest.mark.parametrize(
    "place",
    ["//evil.example", "http://evil.example", "/\\evil.example", "evil", "/a\nb", "", "/\t/evil", "//["],
)
def test_a_login_leads_to_pages_of_its_own_only(place: str) -> None:
    assert local_place(place) == "/"
    assert local_place("/batches/b1?status=failed") == "/batches/b1?status=failed"
