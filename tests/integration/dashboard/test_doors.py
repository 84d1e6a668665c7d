"""Who comes in, and what is refused: without a login, from other sites, to readers, on other addresses."""

from __future__ import annotations

import base64
import json
import re
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from pydantic import SecretStr

from gt_common.errors import UsageError
from gt_common.ledger import open_ledger
from gt_common.settings import Settings, load_settings
from gt_consumer.dashboard import access
from gt_consumer.dashboard.command import Request, check_addresses, serve
from support.dashboard import Answer, Dashboard, dashboard
from support.samples.reports import finished_events

OPERATOR, READER = "operators-word", "readers-word"
BROKER_WORD = "brokers-word"
OPEN = {"/healthz": 200, "/login": 401, "/static/dashboard.css": 200}
PAGES = (
    "/batches",
    "/dead-letters",
    "/dead-letters/discarded",
    "/workers",
    "/fleet",
    "/work",
    "/api/batches",
)


@pytest.fixture
def alone(tmp_path: Path) -> Settings:
    """Return settings without a broker."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    return load_settings(
        amqp_url=f"amqp://guest:{BROKER_WORD}@127.0.0.1:{port}/",
        ledger_url=f"sqlite:///{tmp_path / 'ledger.db'}",
        state_dir=tmp_path / "state",
        output=tmp_path / "videos",
        connect_timeout="2s",
    )


def having(settings: Settings, **secrets: str) -> Settings:
    """Return settings with other secrets."""
    return settings.model_copy(update={name: SecretStr(value) for name, value in secrets.items()})


async def statuses(at: Dashboard, paths: Sequence[str], headers: Mapping[str, str]) -> list[int]:
    """Return the status codes of some pages."""
    return [(await at.get(path, headers)).status for path in paths]


def session_of(answer: Answer) -> dict[str, str]:
    """Return the headers of a browser that was logged in by this answer, for requests of its own pages."""
    cookie = answer.headers.get("set-cookie", "").split(";", 1)[0]
    return {"cookie": cookie, "sec-fetch-site": "same-origin"}


def test_it_does_not_start_where_others_could_come_in_or_the_port_is_taken(alone: Settings) -> None:
    def start(settings: Settings = alone, host: str = "127.0.0.1", port: int = 0) -> None:
        serve(settings, Request(host, port, read_only=False, trust_header=None))

    with pytest.raises(UsageError, match="set GT_DASHBOARD_PASSWORD"):
        start(host="0.0.0.0")  # noqa: S104 - must be refused
    with pytest.raises(UsageError, match="unknown scheme mysql://"):
        start(having(alone, ledger_url="mysql://x"))
    with pytest.raises(UsageError, match="too short"):
        start(having(alone, dashboard_password="short"))
    with pytest.raises(UsageError, match="must differ"):
        start(having(alone, dashboard_password=OPERATOR, dashboard_reader_password=OPERATOR))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} is taken by another program"):
            start(port=port)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ledger_url", "mysql://x", "GT_LEDGER_URL: unknown scheme mysql://"),
        ("ledger_url", "sqlite:///:memory:", "GT_LEDGER_URL: the ledger needs a file"),
        ("ledger_url", "postgresql://u:p@ss@h/x", "GT_LEDGER_URL: in user name and password"),
        ("amqp_url", "http://x", "GT_AMQP_URL must be amqp:// or amqps://, not http://"),
        ("amqp_url", "amqp://127.0.0.1:1/, http://x", "GT_AMQP_URL: invalid host name or virtual host"),
        ("amqp_url", "amqp://127.0.0.1:99999/", "GT_AMQP_URL is not a URL"),
        ("amqp_url", ",", "GT_AMQP_URL is empty"),
        ("amqp_url", "amqps://h/?cafile=/nowhere", "GT_AMQP_URL: cafile=/nowhere is not a readable file"),
        ("amqp_url", "amqp://127.0.0.1:1/, amqp://", "GT_AMQP_URL must be"),
        ("dashboard_amqp_url", "http://x", "GT_DASHBOARD_AMQP_URL must be"),
        ("dashboard_amqp_url", "", "GT_DASHBOARD_AMQP_URL is empty"),
    ],
)
def test_a_wrong_address_is_refused(alone: Settings, name: str, value: str, said: str) -> None:
    check_addresses(alone)
    with pytest.raises(UsageError, match=re.escape(said)):
        check_addresses(having(alone, **{name: value}))


async def test_the_token_becomes_a_session_and_nothing_else_does(alone: Settings) -> None:
    async with dashboard(alone) as at:
        assert await statuses(at, PAGES, {}) == [401] * len(PAGES)
        assert await statuses(at, [*OPEN], {}) == [*OPEN.values()]
        assert (await at.get("/?token=wrong", {})).status == 401
        entered = await at.get(f"/batches?q=x&token={at.token}", {})
        assert "HttpOnly" in entered.headers["set-cookie"]
        assert "SameSite=strict" in entered.headers["set-cookie"]
        assert 'url=/batches?q=x"' in entered.text
        assert await statuses(at, PAGES, session_of(entered)) == [200] * len(PAGES)
        assert (await at.get("/batches", {"host": "evil.example"})).status == 421
        assert (await at.get("/healthz", {"host": "127.0.0.2:1"})).status == 200
        kept = await at.get("/batches?q=x&token=of-an-earlier-start", session_of(entered))
        assert (kept.status, kept.headers["location"]) == (303, "/batches?q=x")
        assert "gt_ledger_up 1.0" in (await at.get("/metrics", {})).text


async def test_other_sites_cannot_act(alone: Settings) -> None:
    sites: tuple[dict[str, str], ...] = (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://evil.example"},
        {},
    )
    async with dashboard(alone) as at:
        session = session_of(await at.get(f"/?token={at.token}", {}))
        cookie = {"cookie": session["cookie"]}
        for headers in sites:
            assert (await at.post("/actions/pause", {}, {**cookie, **headers})).status == 403, headers
        assert "Nothing was ordered yet" in (await at.get("/work", cookie)).text
        assert (await at.post("/actions/pause", {}, {**cookie, "origin": at.base})).status == 303
        assert (await at.post("/actions/pause", {}, session)).status == 303
        policy = (await at.get("/batches", cookie)).headers["content-security-policy"]
        assert "unsafe-inline" not in policy
        assert "frame-ancestors 'none'" in policy


async def test_readers_look_and_operators_act_under_their_names(alone: Settings) -> None:
    guarded = having(alone, dashboard_password=OPERATOR, dashboard_reader_password=READER)

    async def log_in(at: Dashboard, name: str, password: str) -> dict[str, str]:
        form = {"name": name, "password": password, "next": "/fleet"}
        answer = await at.post("/login", form, {"sec-fetch-site": "same-origin"})
        assert answer.status == (303 if password in {OPERATOR, READER} else 401)
        assert answer.headers.get("location", "/fleet") == "/fleet"
        return session_of(answer)

    async with dashboard(guarded, host="0.0.0.0") as at:  # noqa: S104 - that is the case
        assert at.token == ""
        assert (await at.get("/fleet", {})).headers["location"] == "/login?next=%2Ffleet"
        assert await statuses(at, ["/api/batches", "/metrics"], {}) == [401, 401]
        basic = {"authorization": "Basic " + base64.b64encode(f"scraper:{READER}".encode()).decode()}
        assert await statuses(at, ["/api/batches", "/metrics"], basic) == [200, 200]
        anna, ben = await log_in(at, "anna", OPERATOR), await log_in(at, "ben", READER)
        await log_in(at, "eve", "guessed-word")
        assert (await at.post("/actions/pause", {}, ben)).status == 403
        assert (await at.get("/actions/pause", ben)).status == 403
        assert "Pause the fleet" not in (await at.get("/fleet", ben)).text
        ordered = await at.post("/actions/pause", {"reason": "prices"}, anna)
        assert "by anna (dashboard): prices" in (await at.get(ordered.headers["location"], ben)).text
        assert (await at.post("/logout", {}, ben)).status == 303
        assert (await at.get("/work", ben)).status == 303


async def test_a_proxy_names_the_user(alone: Settings) -> None:
    async with dashboard(alone, host="0.0.0.0", trust_header="X-Forwarded-User") as at:  # noqa: S104
        assert await statuses(at, ["/batches"], {}) == [401]
        named = {"x-forwarded-user": "carla", "sec-fetch-site": "same-origin"}
        ordered = await at.post("/actions/pause", {}, named)
        assert "by carla" in (await at.get(ordered.headers["location"], named)).text


async def test_readers_alone_log_in_where_nobody_acts(alone: Settings) -> None:
    guarded = having(alone, dashboard_reader_password=READER)
    async with dashboard(guarded, host="0.0.0.0", read_only=True) as at:  # noqa: S104 - that is the case
        asked = await at.get((await at.get("/fleet", {})).headers["location"], {})
        assert asked.status == 200
        assert 'type="password"' in asked.text


async def test_while_many_guess_no_password_is_looked_at(
    alone: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    guarded = having(alone, dashboard_password=OPERATOR)
    basic = {"authorization": "Basic " + base64.b64encode(f"x:{OPERATOR}".encode()).decode()}
    async with dashboard(guarded) as at:
        assert (await at.get("/api/batches", basic)).status == 200
        monkeypatch.setattr(access, "AT_ONCE", 0)
        assert (await at.get("/api/batches", basic)).status == 429
        refused = await at.post(
            "/login", {"password": OPERATOR, "next": "/fleet"}, {"sec-fetch-site": "same-origin"}
        )
        assert refused.status == 429
        assert "Too many wrong passwords" in refused.text
        assert 'value="/fleet"' in refused.text


async def test_it_outlives_its_ledger(alone: Settings) -> None:
    path = alone.state_dir.parent / "ledger.db"
    with open_ledger(alone.ledger) as ledger:
        ledger.apply([*finished_events()])
    async with dashboard(alone) as at:
        batch = json.loads((await at.get("/api/batches")).text)[0]["batch_id"]
        path.unlink()
        assert json.loads((await at.get("/api/batches")).text) == []
        assert (await at.get(f"/batches/{batch}")).status == 404
        path.write_text("of another program")
        assert (await at.get("/batches")).status == 503
        path.unlink()
        with open_ledger(alone.ledger) as ledger:
            ledger.apply([*finished_events()])
        assert (await at.get(f"/batches/{batch}")).status == 200


async def test_nobody_acts_on_a_read_only_page(alone: Settings) -> None:
    async with dashboard(alone, read_only=True) as at:
        assert (await at.post("/actions/pause", {})).status == 403
        assert (await at.get("/fleet")).status == 200


async def test_without_a_broker_it_shows_the_ledger_and_no_secret(alone: Settings) -> None:
    with open_ledger(alone.ledger) as ledger:
        ledger.apply([*finished_events()])
    async with dashboard(alone) as at:
        listed = json.loads((await at.get("/api/batches")).text)
        batch = listed[0]["batch_id"]
        document = json.loads((await at.get(f"/api/batches/{batch}")).text)
        stories = [f"/batches/{batch}/stories/{one['story_id']}" for one in document["results"]]
        pages = [*PAGES, f"/batches/{batch}", *stories, "/actions/replay", "/nothing", "/batches/nothing"]
        texts = [(await at.get(path)).text for path in pages]
    assert "The broker cannot be reached" in texts[0]
    assert "5 of 5 finished" in texts[len(PAGES)]
    assert not [word for word in (BROKER_WORD, at.token) if any(word in text for text in texts)]


async def test_without_a_ledger_it_says_so(alone: Settings) -> None:
    broker = alone.amqp_url.get_secret_value()
    gone = broker.replace("amqp", "postgresql").replace(BROKER_WORD, "ledgers-word") + "none"
    async with dashboard(having(alone, ledger_url=gone)) as at:
        page = await at.get("/batches")
        assert page.status == 503
        assert "The ledger cannot be read" in page.text
        assert "ledgers-word" not in page.text
        assert (await at.get("/healthz")).status == 200
