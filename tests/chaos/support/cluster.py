"""A cluster of three RabbitMQ nodes on this machine, whose leaders can be killed."""

from __future__ import annotations

import asyncio
import atexit
import json
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from toolbox.broker.installation import require_installation
from toolbox.broker.node import Node
from toolbox.errors import BrokerError
from toolbox.system.processes import free_port

from support.broker.node import PrivateNode
from support.waiting import pause, until


class Cluster:
    """Three nodes, `c1` to `c3`."""

    def __init__(self, nodes: dict[str, PrivateNode]) -> None:
        self._nodes = nodes
        self.takeovers: list[float] = []

    @property
    def first(self) -> PrivateNode:
        """The node on which the topology is declared."""
        return self.node(1)

    @property
    def amqp_url(self) -> str:
        """The URLs of all nodes, as GT_AMQP_URL takes them."""
        return ",".join(node.amqp_url for node in self._nodes.values())

    def node(self, number: int) -> PrivateNode:
        """Return one of the nodes, 1 to 3."""
        return self._nodes[f"c{number}@localhost"]

    def leader(self, queue: str) -> str:
        """Return the name of the node that leads a queue now; empty if there is none.

        Raises:
            BrokerError: no node could be asked
        """
        node = next(node for node in self._nodes.values() if node.running())
        listed = json.loads(node.ctl("list_queues", "--formatter", "json", "name", "leader"))
        return next((str(one["leader"]) for one in listed if one["name"] == queue), "")

    async def kill_leader(self, queue: str, seconds: float) -> str:
        """Kill the leader of a queue and start it again after some seconds. Return its name."""
        name = await asyncio.to_thread(self.leader, queue)
        node = self._nodes[name]
        began = time.monotonic()
        node.kill()
        await until(lambda: asyncio.to_thread(self._has_other_leader, queue, name), deadline=60, every=0.2)
        self.takeovers.append(time.monotonic() - began)
        await pause(seconds)
        await asyncio.to_thread(node.restart)
        return name

    def _has_other_leader(self, queue: str, old: str) -> bool:
        try:
            return self.leader(queue) not in {"", old}
        except (BrokerError, ValueError):
            return False


@asynccontextmanager
async def open_cluster(folder: Path) -> AsyncIterator[Cluster]:
    """Start three nodes and make them one cluster.

    They share a separate epmd, because a node's own epmd dies with it.
    """
    port = free_port()
    program = str(require_installation().epmd)
    epmd = await asyncio.create_subprocess_exec(program, "-address", "127.0.0.1", "-port", str(port))
    cookie = secrets.token_hex(16)
    names = [f"c{number}@localhost" for number in (1, 2, 3)]
    nodes = {name: _create(folder / name[:2], name, port, cookie) for name in names}
    try:
        await asyncio.gather(*(asyncio.to_thread(node.start) for node in nodes.values()))
        cluster = Cluster({name: PrivateNode(node) for name, node in nodes.items()})
        await asyncio.gather(*(asyncio.to_thread(_join, nodes[name], names[0]) for name in names[1:]))
        yield cluster
    finally:
        await asyncio.gather(*(asyncio.to_thread(node.kill) for node in nodes.values()))
        epmd.kill()
        await epmd.wait()


def _create(folder: Path, name: str, epmd_port: int, cookie: str) -> Node:
    home = folder / "home"
    home.mkdir(parents=True, mode=0o700)
    (home / ".erlang.cookie").write_text(cookie, encoding="ascii")
    (home / ".erlang.cookie").chmod(0o400)
    node = Node.create(folder, free_port(), epmd_port=epmd_port, name=name)
    atexit.register(node.kill)
    return node


def _join(node: Node, to: str) -> None:
    for words in (("stop_app",), ("reset",), ("join_cluster", to), ("start_app",)):
        node.ctl(*words, timeout=120)
