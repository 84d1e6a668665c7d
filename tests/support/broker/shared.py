"""One RabbitMQ node for all workers of a test run: the first starts it, the last one stops it."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from toolbox.broker.node import Node
from toolbox.broker.url import AmqpUrl
from toolbox.system.processes import free_port

from gt_common.files import locked
from support.broker.node import PrivateNode

_SCRIPT = Path(__file__).resolve().parents[3] / "ops" / "broker"


@pytest.fixture(scope="session")
def shared_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateNode]:
    """Yield the node of this run; tests keep to namespaces, users and virtual hosts of their own.

    What concerns the whole broker (its end, an alarm, its memory) needs a `PrivateNode`.
    """
    base = tmp_path_factory.getbasetemp()
    with _joined((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared-node") as node:
        yield node


@contextmanager
def _joined(folder: Path) -> Iterator[PrivateNode]:
    """Count this process among the users of the node in a folder, and start the node if it does not run."""
    users = folder / "users"
    users.mkdir(parents=True, exist_ok=True)
    user = users / str(os.getpid())
    with locked(folder / "joining", wait=True):
        node = Node.load(folder)
        if node is None or not node.running():
            node = _started(folder)
        user.touch()
    # A run that is interrupted between two fixtures must not leave a broker behind.
    atexit.register(_leave, node, user)
    try:
        yield PrivateNode(node)
    finally:
        atexit.unregister(_leave)
        _leave(node, user)


def _started(folder: Path) -> Node:
    """Start a node that is nobody's child, so that any process of the run may stop it."""
    url = AmqpUrl("127.0.0.1", free_port(), "guest", "guest", "/", tls=False)
    # Without the engine of Docker, which would be asked first.
    environment = os.environ | {"GT_AMQP_URL": url.full, "DOCKER_HOST": "tcp://127.0.0.1:9"}
    subprocess.run(
        [sys.executable, _SCRIPT, "up", "--dir", folder],
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=150,
    )
    node = Node.load(folder)
    assert node is not None
    return node


def _leave(node: Node, user: Path) -> None:
    """Stop the node if no living process uses it any more."""
    with locked(node.directory / "joining", wait=True):
        user.unlink(missing_ok=True)
        if not any(psutil.pid_exists(int(other.name)) for other in user.parent.iterdir()):
            node.stop()
