"""`ops/broker up`, `down` and `status`.

`up` uses the first that works: a broker that already answers, Docker compose, a private node of an installed
RabbitMQ, or such a node after installing RabbitMQ with apt-get.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from toolbox.broker.docker import Compose
from toolbox.broker.node import Node
from toolbox.broker.probe import greet, wait_for_greeting
from toolbox.broker.url import AmqpUrl
from toolbox.errors import BrokerError
from toolbox.users.roles import Role, User, definitions

CHECKOUT = Path(__file__).resolve().parents[3]
DEFAULT_DIRECTORY = CHECKOUT / ".broker"


@dataclass(frozen=True)
class Service:
    """The broker of one checkout.

    Parameters:
        url: its address
        directory: data folder of a private node
        find_compose: returns Docker compose if it works, otherwise None
    """

    url: AmqpUrl
    directory: Path = DEFAULT_DIRECTORY
    find_compose: Callable[[], Compose | None] = Compose.find

    def up(self) -> str:
        """Start a broker unless one answers; return a line that describes it.

        Raises:
            BrokerError: none answers and none can be started at that address
        """
        greeting = greet(self.url)
        if greeting:
            return f"{greeting} already answers at {self.url}"
        self._check_local()
        with self._locked():
            compose = self.find_compose()
            return self._container_up(compose) if compose else self._node_up()

    def down(self) -> str:
        """Stop what `up` started and keep its data; other brokers are left alone. Return a line about it."""
        node = Node.load(self.directory)
        if node and node.running():
            node.stop()
            return f"stopped the private node at {node.url}; its data is kept in {self.directory}"
        compose = self.find_compose()
        if compose and compose.down(self.url):
            return "stopped the broker's container; its data is kept in the volume gossiptoon-broker_data"
        return "nothing to stop: ops/broker has not started a broker"

    def status(self) -> str:
        """Return a line that describes the broker that answers.

        Raises:
            BrokerError: no broker answers
        """
        greeting = greet(self.url)
        if not greeting:
            raise BrokerError(f"no broker answers at {self.url}; start one with ops/broker up")
        node = Node.load(self.directory)
        own = node is not None and node.running() and node.spec.port == self.url.port
        return f"{greeting} answers at {self.url}" + (
            f", the private node in {self.directory}" if own else ""
        )

    def _check_local(self) -> None:
        """Raise BrokerError if no broker can be started at the address."""
        if not self.url.loopback:
            raise BrokerError(
                f"no broker answers at {self.url}, and none can be started on another machine: check "
                "GT_AMQP_URL and the network"
            )
        if self.url.tls:
            raise BrokerError(
                f"no broker answers at {self.url} with TLS, and ops/broker only starts brokers without TLS"
            )

    def _container_up(self, compose: Compose) -> str:
        compose.up(self.url)
        greeting = wait_for_greeting(self.url, 30.0, lambda: True)
        if not greeting:
            raise BrokerError(f"the broker's container is healthy, but nothing answers at {self.url}")
        return f"started {greeting} with Docker at {self.url}"

    def _node_up(self) -> str:
        last = Node.load(self.directory)
        if last and last.running():
            if last.spec.port == self.url.port:
                greeting = wait_for_greeting(self.url, 60.0, last.running)
                if greeting:
                    return f"{greeting} now answers at {self.url}"
            last.stop()
        address = "::1" if self.url.host == "::1" else "127.0.0.1"
        node = Node.create(self.directory, self.url.port, address=address)
        greeting = node.start()
        self._make_user(node)
        return f"started {greeting} as a private node at {self.url}; its data is in {self.directory}"

    def _make_user(self, node: Node) -> None:
        """Create the user and virtual host of the URL, because a new node has only guest and /."""
        if self.url.user == "guest" and self.url.vhost == "/":
            return
        role = Role(self.url.user, "administrator", ".*", ".*", ".*")
        document = definitions(self.url.vhost, [User(role, self.url.password)])
        try:
            node.import_definitions(json.dumps(document))
        except BrokerError:
            node.stop()
            raise

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the folder's lock: two processes would start two nodes on the same data."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
