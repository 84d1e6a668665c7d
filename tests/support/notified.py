"""A real HTTP server on this machine that takes notifications, as `json://127.0.0.1:PORT/NAME` sends them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


@dataclass
class Received:
    """A message that has arrived, whether it was accepted or not."""

    target: str
    title: str
    body: str
    kind: str


@dataclass
class NotifiedServer:
    """What arrived, and how each target answers.

    Parameters:
        answers: HTTP status for a target by its name; 204 for others
        held: requests for a target wait until its event is set
    """

    port: int
    received: list[Received] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)
    held: dict[str, threading.Event] = field(default_factory=dict)

    def url(self, target: str, login: str = "") -> str:
        """Return the Apprise URL of a target."""
        return f"json://{login}127.0.0.1:{self.port}/{target}"

    def of(self, target: str) -> list[Received]:
        """Return what arrived for a target."""
        return [one for one in self.received if one.target == target]

    def take(self, path: str, document: dict[str, str]) -> int:
        """Take a message; return the status of the answer."""
        target = path.strip("/")
        self.received.append(Received(target, document["title"], document["message"], document["type"]))
        if target in self.held:
            self.held[target].wait()
        return self.answers.get(target, 204)

    def hold(self, target: str) -> threading.Event:
        """Let requests for a target wait; return what releases them."""
        return self.held.setdefault(target, threading.Event())

    @classmethod
    @contextmanager
    def run(cls) -> Iterator[Self]:
        """Run a server on a free port for the duration of the block."""

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                status = server.take(self.path, json.loads(self.rfile.read(size)))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
            server = cls(listener.server_address[1])
            thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
            thread.start()
            try:
                yield server
            finally:
                for held in server.held.values():
                    held.set()
                listener.shutdown()
                thread.join()
