"""Stand-ins on loopback for Gemini, Reddit and the language model, which count what is paid for.

A planned trouble kills with SIGKILL whoever called, or the command above it, once the call is paid; or it
refuses calls with Gemini's 429 for some seconds.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

import psutil
from PIL import Image

COMMANDS = ("gt-batch", "gt-consume")


@dataclass(frozen=True)
class Call:
    """A call that was paid for, or refused: its kind, what it asked for, and when (monotonic seconds)."""

    kind: str
    asked: str
    at: float
    refused: bool = False


@dataclass
class Trouble:
    """What goes wrong at the `nth` call of a kind, once.

    Parameters:
        seconds: how long calls are refused, if that is what happens
    """

    kind: str
    nth: int
    what: Literal["kill story", "kill command", "refuse"]
    seconds: float = 0.0
    until: float | None = None

    @property
    def kills(self) -> bool:
        """Whether a process is killed."""
        return self.what != "refuse"


@dataclass
class Services:
    """All stand-ins behind one address."""

    trouble: Trouble | None = None
    calls: list[Call] = field(default_factory=list)
    url: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def paid(self, kind: str = "") -> list[Call]:
        """Return the calls that were paid for; of kinds that begin so."""
        return [call for call in self.calls if not call.refused and call.kind.startswith(kind)]

    def take(self, kind: str, asked: bytes, caller: Callable[[], int]) -> dict[str, object] | None:
        """Count a call; return what it is refused with, if it is."""
        with self._lock:
            refusal = self._refusal(kind)
            digest = hashlib.sha256(asked).hexdigest()
            self.calls.append(Call(kind, digest, time.monotonic(), refused=refusal is not None))
            trouble = self.trouble
            if trouble and trouble.kills and trouble.kind == kind and len(self.paid(kind)) == trouble.nth:
                self.trouble = None
                os.kill(_victim(caller(), trouble.what), signal.SIGKILL)
            return refusal

    def _refusal(self, kind: str) -> dict[str, object] | None:
        trouble, now = self.trouble, time.monotonic()
        if trouble is None or trouble.what != "refuse" or trouble.kind != kind:
            return None
        if trouble.until is None and len(self.paid(kind)) + 1 >= trouble.nth:
            trouble.until = now + trouble.seconds
        if trouble.until is None or now >= trouble.until:
            return None
        info = "type.googleapis.com/google.rpc.RetryInfo"
        delay = {"@type": info, "retryDelay": f"{trouble.until - now + 0.1:.1f}s"}
        told = {
            "code": 429,
            "status": "RESOURCE_EXHAUSTED",
            "message": "too many requests",
            "details": [delay],
        }
        return {"error": told}


def _victim(caller: int, what: str) -> int:
    if what == "kill story":
        return caller
    above = psutil.Process(caller).parents()
    return next(one.pid for one in above if any(name in " ".join(one.cmdline()) for name in COMMANDS))


class _Handler(BaseHTTPRequestHandler):
    services: Services

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server gives it
        """Print nothing."""

    def do_GET(self) -> None:
        """Answer praw's question for a post."""
        post = self.path.partition("/comments/")[2].strip("/").split("/")[0].split("?")[0]
        self._answer("reddit", post.encode(), _post(post))

    def do_POST(self) -> None:
        """Answer a login, a model, an image, a voice clip, and the news that ffmpeg renders."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "access_token" in self.path:
            self._send(200, {"access_token": "x", "token_type": "bearer", "expires_in": 3600, "scope": "*"})
        elif self.path.startswith("/model/"):
            self._answer(f"model {self.path.rpartition('/')[2]}", body, {})
        elif self.path.startswith("/ffmpeg/"):
            self._answer("ffmpeg", b"", {}, int(self.path.rpartition("/")[2]))
        elif "tts" in self.path:
            self._answer("voice", body, _part("audio/L16;codec=pcm;rate=24000", _tone()))
        else:
            self._answer("image", body, _part("image/png", _picture()))

    def _answer(self, kind: str, asked: bytes, answer: object, caller: int = 0) -> None:
        refusal = self.services.take(kind, asked, lambda: caller or _process_of(self.client_address[1]))
        self._send(200 if refusal is None else 429, answer if refusal is None else refusal)

    def _send(self, status: int, answer: object) -> None:
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _process_of(port: int) -> int:
    own = os.getpid()
    found = (one for one in psutil.net_connections("tcp") if one.laddr and one.laddr.port == port)
    return next(one.pid for one in found if one.pid and one.pid != own)


def _part(kind: str, data: bytes) -> object:
    inline = {"inlineData": {"mimeType": kind, "data": base64.b64encode(data).decode()}}
    return {"candidates": [{"content": {"role": "model", "parts": [inline]}, "finishReason": "STOP"}]}


def _tone() -> bytes:
    return (b"\x40\x1f" * 20 + b"\xc0\xe0" * 20) * 60


def _picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (54, 96), "green").save(out, "PNG")
    return out.getvalue()


def _post(name: str) -> object:
    data = {
        "id": name,
        "name": f"t3_{name}",
        "title": "My neighbour paints my fence every single night",
        "selftext": "The fence was green again this morning. " * 20,
        "subreddit": "tifu",
        "author": "nora",
        "score": 4000,
        "num_comments": 300,
        "created_utc": time.time() - 3600,
        "link_flair_text": None,
    }
    posts = {"kind": "Listing", "data": {"children": [{"kind": "t3", "data": data}], "after": None}}
    return [posts, {"kind": "Listing", "data": {"children": [], "after": None}}]


@contextmanager
def running_services(trouble: Trouble | None = None) -> Iterator[Services]:
    """Run the stand-ins until the end of the block."""
    services = Services(trouble)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"services": services}))
    services.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield services
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
