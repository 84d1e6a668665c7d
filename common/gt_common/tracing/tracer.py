"""Makes spans with OpenTelemetry's SDK and exports them by OTLP over HTTP, in a thread of the SDK.

A collector that does not answer delays nothing: spans wait in a queue of bounded length and are then dropped.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from gt_common.log import get_logger
from gt_common.redaction import redact
from gt_common.tracing.attributes import Value

log = get_logger("tracing")

CLOSE_S: Final = 3.0
"""Seconds that a program which ends takes for its last spans."""
Kind = Literal["internal", "producer", "consumer"]
_KINDS: Final[Mapping[Kind, trace.SpanKind]] = {
    "internal": trace.SpanKind.INTERNAL,
    "producer": trace.SpanKind.PRODUCER,
    "consumer": trace.SpanKind.CONSUMER,
}


class Span:
    """A span that has begun."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        context = span.get_span_context()
        flags = int(context.trace_flags)
        self.traceparent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{flags:02x}"

    def set(self, name: str, value: Value) -> None:
        """Set an attribute."""
        self._span.set_attribute(name, redact(value) if isinstance(value, str) else value)

    def fail(self, kind: str, message: str) -> None:
        """Mark the span as failed, by the type of an error and its message."""
        said = redact(f"{kind}: {message}")
        self._span.set_status(trace.Status(trace.StatusCode.ERROR, said))
        self.set("error.type", kind)

    def end(self) -> None:
        """End the span now."""
        self._span.end()


class Tracer:
    """Makes the spans of one program.

    Parameters:
        program: `service.name`, unless the environment sets another
        namespace: `service.namespace`
        instance: `service.instance.id`
    """

    def __init__(self, program: str, namespace: str, instance: str) -> None:
        # Our own line tells once that spans are lost; the library would write several for each try.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        resource = Resource.create(_resource(program, namespace, instance))
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._exporter = _Exporter(OTLPSpanExporter())
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._tracer = self._provider.get_tracer("gossiptoon")

    def start(
        self,
        name: str,
        parent: str | None,
        attributes: Mapping[str, Value],
        *,
        kind: Kind = "internal",
        links: Sequence[str] = (),
        start_ns: int | None = None,
    ) -> Span:
        """Begin a span.

        Parameters:
            parent: the `traceparent` below which it is; None for the root of a new trace
            links: `traceparent` values of spans in other traces that it comes from
            start_ns: when it began, in nanoseconds since 1970; None for now
        """
        root = Context()
        context = root if parent is None else trace.set_span_in_context(_remote(parent), root)
        return Span(
            self._tracer.start_span(
                name,
                context,
                kind=_KINDS[kind],
                attributes=dict(attributes),
                links=[trace.Link(_remote(link).get_span_context()) for link in links],
                start_time=start_ns if start_ns is None else min(start_ns, time.time_ns()),
            )
        )

    def close(self) -> None:
        """Export what is left; give up after some seconds."""
        # In a thread: a collector that does not answer is tried for as long as its timeout.
        closing = threading.Thread(target=self._provider.shutdown, daemon=True, name="close traces")
        closing.start()
        closing.join(CLOSE_S)
        if closing.is_alive():
            self._exporter.failed()


class _Exporter(SpanExporter):
    """Exports, and tells when that begins to fail and when it works again."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export some spans."""
        result = self._exporter.export(spans)
        if result is not SpanExportResult.SUCCESS:
            self.failed()
        elif self._failing:
            self._failing = False
            log.info("traces_recovered")
        return result

    def failed(self) -> None:
        """Log that spans are lost, unless that has been logged."""
        if not self._failing:
            self._failing = True
            hint = "OTEL_EXPORTER_OTLP_ENDPOINT must be that of OTLP over HTTP, often port 4318"
            log.warning("traces_lost", hint=hint)

    def shutdown(self) -> None:
        """End the export."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Export what the exporter itself has kept."""
        return self._exporter.force_flush(timeout_millis)


def _remote(traceparent: str) -> trace.NonRecordingSpan:
    _, trace_id, span_id, flags = traceparent.split("-")
    return trace.NonRecordingSpan(
        trace.SpanContext(
            int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=trace.TraceFlags(int(flags, 16))
        )
    )


def _resource(program: str, namespace: str, instance: str) -> dict[str, Value]:
    ours: dict[str, Value] = {"service.namespace": namespace, "service.instance.id": instance}
    given = os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    if not os.environ.get("OTEL_SERVICE_NAME") and "service.name=" not in given:
        ours["service.name"] = program
    return ours
