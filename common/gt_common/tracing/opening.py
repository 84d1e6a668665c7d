"""Traces of a program for the time of a block, where the environment asks for them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gt_common.log import get_logger
from gt_common.settings import Settings

if TYPE_CHECKING:
    from gt_common.tracing.tracer import Tracer

log = get_logger("tracing")

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def is_wanted() -> bool:
    """Whether the environment names a collector, by the variables that all users of OpenTelemetry have."""
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    if os.environ.get("OTEL_TRACES_EXPORTER", "otlp") == "none":
        return False
    return any(os.environ.get(name) for name in _ENDPOINTS)


@contextmanager
def tracing(settings: Settings, program: str) -> Iterator[Tracer | None]:
    """Open what makes the spans of a program for the time of a block; None if no traces are wanted.

    Parameters:
        program: `service.name` of its spans, unless OTEL_SERVICE_NAME is set
    """
    tracer = _open(settings, program) if is_wanted() else None
    try:
        yield tracer
    finally:
        if tracer is not None:
            tracer.close()


def _open(settings: Settings, program: str) -> Tracer | None:
    try:
        from gt_common.tracing.tracer import Tracer
    except ImportError as error:
        log.warning(
            "tracing_not_installed", error=str(error), hint="install the extra otel: gt-consumer[otel]"
        )
        return None
    return Tracer(program, settings.namespace, settings.worker_name)
