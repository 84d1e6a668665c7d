"""A fake Reddit: OAuth, listings with pages, single posts, share links, and faults on demand."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

CLIENT_ID = "an-app"
CLIENT_SECRET = "its-secret"
TOKEN = "a-token"
CUT = 0
"""The status of an answer that is not sent: the connection is closed instead."""
HOURS = {"hour": 1, "day": 24, "week": 168, "month": 744, "year": 8784, "all": 10**6}
# Long enough for every default bound, with paragraphs, without dialogue.
TEXT = "\n\n".join(f"This is paragraph {number} of a story about my neighbour. " * 5 for number in range(4))

Json = dict[str, object]


@dataclass(frozen=True)
class Answer:
    """A fault, or any other answer that replaces the server's own.

    Parameters:
        times: for how many requests; then the server gives its own answer again
    """

    status: int
    body: Json | str = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 10**6


@dataclass(frozen=True)
class Seen:
    """A request as it was received."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass
class FakeReddit:
    """What the server has and does, which tests may change.

    Parameters:
        posts: of each community, by its name in lower case
        answers: by path, instead of the server's own
        shares: where a share link leads; "" shows a page instead
        rate: `x-ratelimit-…` headers of every answer
        page: the most posts of a page, whatever is requested
    """

    url: str = ""
    posts: dict[str, list[Json]] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    shares: dict[str, str] = field(default_factory=dict)
    rate: Mapping[str, str] = field(default_factory=dict)
    page: int = 100
    seen: list[Seen] = field(default_factory=list)

    def add(self, subreddit: str, identity: str, **given: object) -> Json:
        """Add a post that passes every default filter, apart from what is given; `hours` is its age."""
        age = float(str(given.pop("hours", 10)))
        post: Json = {
            "id": identity,
            "name": f"t3_{identity}",
            "subreddit": subreddit,
            "title": f"Story {identity}",
            "selftext": f"{identity} begins. {TEXT}",
            "author": "somebody",
            "permalink": f"/r/{subreddit}/comments/{identity}/story_{identity}/",
            "ups": 2000,
            "score": 2000,
            "num_comments": 300,
            "upvote_ratio": 0.95,
            "created_utc": (datetime.now(UTC) - timedelta(hours=age)).timestamp(),
            "over_18": False,
            "stickied": False,
            "removed_by_category": None,
            "is_self": True,
        }
        post |= given
        self.posts.setdefault(subreddit.lower(), []).append(post)
        return post

    def asked(self, path: str) -> list[Seen]:
        """Return the requests for a path."""
        return [seen for seen in self.seen if seen.path == path]

    def answer(self, seen: Seen, body: str) -> Answer:
        """Answer a request."""
        fault = self.answers.get(seen.path)
        if fault is not None and fault.times > 0:
            self.answers[seen.path] = Answer(fault.status, fault.body, fault.headers, fault.times - 1)
            return fault
        if seen.path == "/api/v1/access_token":
            return _token(seen, body)
        if seen.headers.get("authorization") != f"bearer {TOKEN}":
            return Answer(401, {"message": "Unauthorized", "error": 401})
        match seen.path.strip("/").split("/"):
            case ["r", subreddit, "top"]:
                return self._listing(subreddit.lower(), seen.params)
            case ["comments", identity]:
                return self._single(identity)
            case ["r", _, "s", code] if self.shares.get(code) == "":
                return Answer(200, "<html>a page for people</html>")
            case ["r", _, "s", code] if code in self.shares:
                return Answer(301, "", {"location": self.shares[code]})
        return Answer(404, {"message": "Not Found", "error": 404})

    def _listing(self, subreddit: str, params: Mapping[str, str]) -> Answer:
        if subreddit not in self.posts:
            return Answer(302, "", {"location": f"{self.url}/subreddits/search?q={subreddit}"})
        since = datetime.now(UTC).timestamp() - 3600 * HOURS[params["t"]]
        young = [post for post in self.posts[subreddit] if float(str(post["created_utc"])) >= since]
        young.sort(key=lambda post: -int(str(post["score"])))
        names = [post["name"] for post in young]
        start = names.index(params["after"]) + 1 if "after" in params else 0
        end = start + min(self.page, int(params["limit"]))
        after = names[end - 1] if end < len(names) else None
        return Answer(200, listing(young[start:end], after))

    def _single(self, identity: str) -> Answer:
        for post in (post for posts in self.posts.values() for post in posts):
            if post["id"] == identity:
                return Answer(200, json.dumps([listing([post]), listing([])]))
        return Answer(404, {"message": "Not Found", "error": 404})


def listing(posts: list[Json], after: object = None) -> Json:
    """Return a page of a listing."""
    children = [{"kind": "t3", "data": post} for post in posts]
    return {"kind": "Listing", "data": {"children": children, "after": after, "before": None}}


def _token(seen: Seen, body: str) -> Answer:
    expected = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
    if seen.headers.get("authorization") != f"Basic {expected}":
        return Answer(401, {"message": "Unauthorized", "error": 401})
    if "grant_type=client_credentials" not in body:
        return Answer(200, {"error": "unsupported_grant_type"})
    return Answer(200, {"access_token": TOKEN, "token_type": "bearer", "expires_in": 3600, "scope": "*"})


def _handler(reddit: FakeReddit) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            params = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0))).decode()
            seen = Seen(self.command, parts.path, params, headers)
            reddit.seen.append(seen)
            answer = reddit.answer(seen, body)
            if answer.status == CUT:
                self.close_connection = True
                return
            plain = isinstance(answer.body, str)
            payload = (answer.body if isinstance(answer.body, str) else json.dumps(answer.body)).encode()
            self.send_response(answer.status)
            kind = "text/html" if plain and not payload.startswith(b"[") else "application/json"
            sent = {
                "content-type": kind,
                **reddit.rate,
                **answer.headers,
                "content-length": str(len(payload)),
            }
            for name, value in sent.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
            """Log nothing."""

    return Handler


@contextmanager
def serving() -> Iterator[FakeReddit]:
    """Run a server on a free port."""
    reddit = FakeReddit()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(reddit))
    server.daemon_threads = True
    reddit.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield reddit
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@pytest.fixture
def fake_reddit(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeReddit]:
    """Yield a Reddit for one test, with its credentials in the environment."""
    with serving() as reddit:
        monkeypatch.setenv("GT_REDDIT_URL", reddit.url)
        monkeypatch.setenv("GT_REDDIT_CLIENT_ID", CLIENT_ID)
        monkeypatch.setenv("GT_REDDIT_CLIENT_SECRET", CLIENT_SECRET)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield reddit
