"""A RabbitMQ node of a test's own, which it may kill; the code is that of `ops/broker`."""

from __future__ import annotations

import atexit
import os
from dataclasses import replace
from pathlib import Path
from typing import Self

import pytest
from toolbox.broker.installation import find_installation
from toolbox.broker.node import Node
from toolbox.system.processes import free_port, port_is_free

# In CI a missing installation is a failure, not a reason to leave the test out.
needs_rabbitmq = pytest.mark.skipif(
    find_installation() is None and not os.environ.get("CI"), reason="RabbitMQ is not installed"
)


class PrivateNode:
    """A node on free loopback ports. Booting takes 7 to 20 seconds: share one per session or module.

    `with PrivateNode.start(tmp_path) as node:` stops it at the end.
    """

    def __init__(self, node: Node) -> None:
        self._node = node

    @classmethod
    def start(cls, directory: Path) -> PrivateNode:
        """Boot a node with its data in `directory` and wait until it speaks AMQP.

        Raises:
            BrokerError: RabbitMQ is not installed, or the node did not come up
        """
        node = Node.create(directory, free_port())
        # A test run that is interrupted between two fixtures must not leave a broker behind.
        atexit.register(node.kill)
        node.start()
        return cls(node)

    @property
    def amqp_url(self) -> str:
        """The URL of its guest user and virtual host /."""
        return self._node.url.full

    @property
    def port(self) -> int:
        """Its AMQP port on 127.0.0.1."""
        return self._node.spec.port

    @property
    def directory(self) -> Path:
        """The folder of its data and logs."""
        return self._node.directory

    def url_for(self, user: str, password: str, vhost: str = "/") -> str:
        """The URL of another user of this node, escaped where needed."""
        return replace(self._node.url, user=user, password=password, vhost=vhost).full

    def running(self) -> bool:
        """Whether its process is alive."""
        return self._node.running()

    def port_is_free(self) -> bool:
        """Whether its port can be taken; after a SIGKILL a helper of Erlang may hold it for a moment."""
        return port_is_free(self.port)

    def kill(self) -> None:
        """SIGKILL to the node's process group: what was not on disk is gone."""
        self._node.kill()

    def restart(self) -> None:
        """Start it again on the same ports and data; a running node is stopped cleanly first."""
        self._node.stop()
        self._node.start()

    def stop(self) -> None:
        """Stop it cleanly; `restart` starts it again."""
        self._node.stop()
        atexit.unregister(self._node.kill)

    def import_definitions(self, document: str) -> None:
        """Add the users, virtual hosts and rights of a definitions document (JSON)."""
        self._node.import_definitions(document)

    def ctl(self, *arguments: str) -> str:
        """What `rabbitmqctl -q ARGUMENTS` prints, run on this node.

        Raises:
            BrokerError: it failed; the message holds what it wrote to standard error
        """
        return self._node.ctl(*arguments)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()
