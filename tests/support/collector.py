"""A collector of traces for tests: it takes OTLP over HTTP and keeps the spans."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Message

Tree = tuple[str, tuple["Tree", ...]]


@dataclass(frozen=True)
class Received:
    """A span as it was received, and the program that made it."""

    program: str
    message: Message

    @property
    def trace(self) -> str:
        """The id of its trace."""
        return self.message.trace_id.hex()

    @property
    def attributes(self) -> dict[str, str | int]:
        """Its attributes that are texts or numbers."""
        return {
            item.key: item.value.int_value if item.value.HasField("int_value") else item.value.string_value
            for item in self.message.attributes
        }


@dataclass
class Collector:
    """What a collector has received so far."""

    port: int
    requests: int = 0
    spans: list[Received] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        """The value of OTEL_EXPORTER_OTLP_ENDPOINT."""
        return f"http://127.0.0.1:{self.port}"

    def take(self, body: bytes) -> None:
        """Keep the spans of a request."""
        self.requests += 1
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            names = {item.key: item.value.string_value for item in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans += [Received(names["service.name"], span) for span in scope.spans]

    def of_story(self, story_id: str, generation: int = 1) -> list[Received]:
        """Return the spans of a story that belong to one of its generations."""
        found = [span for span in self.spans if span.attributes.get("gt.story_id") == story_id]
        return [span for span in found if span.attributes.get("gt.generation") == generation]


def trees(spans: list[Received]) -> list[Tree]:
    """Return the spans as trees, one for each root; branches are ordered by their names."""
    known = {span.message.span_id for span in spans}

    def tree(span: Received) -> Tree:
        below = (tree(other) for other in spans if other.message.parent_span_id == span.message.span_id)
        return _name(span), tuple(sorted(below))

    return sorted(tree(span) for span in spans if span.message.parent_span_id not in known)


def attempt(*below: str) -> Tree:
    """Return the tree of an attempt whose child has reported the stage `working`."""
    return "attempt", (("child", (("working", ()),)), *((name, ()) for name in sorted(below)))


def _name(span: Received) -> str:
    event = span.attributes.get("gt.event")
    return f"{span.message.name} {event}" if event else span.message.name


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector on a free port of this machine for the duration of a block."""
    collector = Collector(0)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            assert self.path == "/v1/traces"
            collector.take(body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_request(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
