"""A real broker for tests: GT_TEST_AMQP_URL, else a container where Docker runs, else the shared node."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from toolbox.broker.installation import find_installation

from gt_common.messaging import topology
from gt_common.settings import Settings, load_settings
from support.broker.node import PrivateNode
from support.unique import unique


@pytest.fixture(scope="session")
def amqp_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Yield the URL of a broker; without one the tests are skipped, and fail in CI."""
    given = os.environ.get("GT_TEST_AMQP_URL")
    if given:
        yield given
    elif _docker_runs():
        yield from _container()
    elif find_installation():
        node: PrivateNode = request.getfixturevalue("shared_node")
        yield node.amqp_url
    else:
        missing = "no broker for the tests: set GT_TEST_AMQP_URL, or install Docker or rabbitmq-server"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)


@pytest.fixture
async def settings(amqp_url: str, tmp_path: Path) -> AsyncIterator[Settings]:
    """Yield settings with a namespace, folders and short delays for one test; cleans up the broker."""
    made = load_settings(
        amqp_url=amqp_url,
        namespace=unique("t"),
        ledger_url=f"sqlite:///{tmp_path / 'ledger.db'}",
        output=tmp_path / "outputs",
        state_dir=tmp_path / "state",
        retry_delays="100ms,200ms",
        heartbeat=5,
        log_format="json",
    )
    await topology.declare(made)
    yield made
    async with asyncio.timeout(90):
        await topology.delete(made)


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    """Return the environment that gives a command the same settings."""
    return {
        **os.environ,
        "GT_AMQP_URL": settings.amqp_url.get_secret_value(),
        "GT_NAMESPACE": settings.namespace,
        "GT_LEDGER_URL": settings.ledger,
        "GT_OUTPUT": str(settings.output),
        "GT_STATE_DIR": str(settings.state_dir),
        "GT_RETRY_DELAYS": "100ms,200ms",
        "GT_HEARTBEAT": "5",
        "GT_LOG_FORMAT": "json",
        "NO_COLOR": "1",
    }


def _docker_runs() -> bool:
    docker = shutil.which("docker")
    return (
        docker is not None
        and subprocess.run([docker, "info"], capture_output=True, timeout=20).returncode == 0
    )


def _container() -> Iterator[str]:
    from testcontainers.rabbitmq import RabbitMqContainer

    with RabbitMqContainer("rabbitmq:4.2") as container:
        host, port = container.get_container_host_ip(), container.get_exposed_port(container.port)
        yield f"amqp://{container.username}:{container.password}@{host}:{port}/"
