"""Serves the metrics of a program at /metrics, in a thread of its own, where GT_METRICS_PORT says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry, start_http_server

from gt_common.log import get_logger
from gt_common.settings import Settings

log = get_logger("metrics")


@asynccontextmanager
async def serving(settings: Settings, registry: CollectorRegistry) -> AsyncIterator[str]:
    """Serve metrics for the time of a block; a port that cannot be had is a warning and nothing else.

    Yields:
        why they are not served, in words; empty if they are
    """
    host, port = settings.metrics_host, settings.metrics_port
    try:
        server, thread = start_http_server(port or 0, host, registry)
    except OSError as error:
        reason = error.strerror or str(error)
        log.warning(
            "metrics_not_served",
            address=f"{host}:{port}",
            error=reason,
            hint="set GT_METRICS_PORT to a free port for each process, GT_METRICS_HOST to an address of "
            "this machine",
        )
        yield f"GT_METRICS_PORT: no metrics at {host}:{port}: {reason}"
        return
    log.info("metrics_served", address=f"http://{host}:{port}/metrics")
    try:
        yield ""
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()
        thread.join()
