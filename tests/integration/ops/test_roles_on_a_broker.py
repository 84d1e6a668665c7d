"""The rights of roles.json, tried on a broker with one user per role."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aiormq.exceptions import ChannelAccessRefused
from toolbox.users.roles import password_variable, read_roles

from support.broker.node import PrivateNode, needs_rabbitmq

SCRIPT = Path(__file__).resolve().parents[3] / "ops" / "rabbitmq" / "make_users"
# With spaces and signs, which a URL escapes.
PASSWORDS = {password_variable(name): f"{name} p/@ss" for name in read_roles("gt")}
EXCHANGES = ("gt.stories", "gt.retry", "gt.results", "gt.dlx", "gt.progress", "gt.tokens", "gt.pauses")
QUEUES = (
    "gt.stories",
    "gt.retry.10s",
    "gt.dlq",
    "gt.results.ledger",
    "gt.results.dlq",
    "gt.tokens.gemini",
    "gt.pauses",
)

# What each role does in its work (MAY) is all it may do: everything else of the topology is refused.
MAY_PUBLISH = {
    "producer": {"gt.stories", "gt.results"},
    "worker": set(EXCHANGES),
    "aggregator": {"gt.dlx", "gt.progress"},
    "dlq": {"gt.stories", "gt.results", "gt.dlx"},
    "follower": set(),
}
MAY_CONSUME = {
    "producer": set(),
    "worker": {"gt.stories", "gt.tokens.gemini", "gt.pauses"},
    "aggregator": {"gt.results.ledger"},
    "dlq": {"gt.dlq", "gt.results.dlq"},
    "follower": set(),
}
MAY_FOLLOW = {"producer", "follower"}
WORKING = sorted(MAY_PUBLISH)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateNode]:
    """Yield a node with the users of `make_users definitions` and an empty topology."""
    with PrivateNode.start(tmp_path_factory.mktemp("roles")) as node:
        made = subprocess.run(
            [sys.executable, str(SCRIPT), "definitions"],
            env=os.environ | PASSWORDS,
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        node.import_definitions(made.stdout)
        yield node


@pytest.fixture
async def topology(node: PrivateNode) -> None:
    """Declare the names of the topology; types and arguments do not matter for rights."""
    async with channel(node, "topology") as admin:
        for name in EXCHANGES:
            await admin.declare_exchange(name, aio_pika.ExchangeType.TOPIC, durable=True)
        for name in QUEUES:
            await admin.declare_queue(name, durable=True)


@asynccontextmanager
async def channel(node: PrivateNode, role: str) -> AsyncIterator[AbstractChannel]:
    """Open a channel as the user of a role."""
    url = node.url_for(f"gt-{role}", PASSWORDS[password_variable(role)], "gt")
    async with await aio_pika.connect(url, timeout=10) as connection:
        yield await connection.channel()


async def ignore(_message: AbstractIncomingMessage) -> None:
    """Ignore a message: only the rights are tried."""


async def may_publish(node: PrivateNode, role: str, exchange: str) -> bool:
    """Whether a confirmed publish is accepted; refused ones close the channel with 403."""
    async with channel(node, role) as opened:
        target = await opened.get_exchange(exchange, ensure=False)
        try:
            await target.publish(aio_pika.Message(b"{}"), "story", mandatory=False, timeout=10)
        except ChannelAccessRefused:
            return False
    return True


async def may_consume(node: PrivateNode, role: str, queue: str) -> bool:
    """Whether a consumer is accepted."""
    async with channel(node, role) as opened:
        source = await opened.get_queue(queue, ensure=False)
        try:
            await source.consume(ignore, timeout=10)
        except ChannelAccessRefused:
            return False
    return True


async def may_follow(node: PrivateNode, role: str) -> bool:
    """Whether an exclusive queue can be bound to the progress of a batch and read."""
    async with channel(node, role) as opened:
        try:
            queue = await opened.declare_queue(f"gt.follow.{role}", exclusive=True, auto_delete=True)
            await queue.bind("gt.progress", "batch.#")
            await queue.consume(ignore, no_ack=True)
        except ChannelAccessRefused:
            return False
    return True


async def may_be_elected(node: PrivateNode, role: str) -> bool:
    """Whether the lock of the one that gives out tokens can be taken."""
    async with channel(node, role) as opened:
        try:
            await opened.declare_queue("gt.metronome", exclusive=True)
        except ChannelAccessRefused:
            return False
    return True


@pytest.mark.broker
@pytest.mark.usefixtures("topology")
@needs_rabbitmq
class TestRightsOnABroker:
    """Each role may do its work and nothing else."""

    @pytest.mark.parametrize("role", WORKING)
    async def test_publishing(self, role: str, node: PrivateNode) -> None:
        # "" is the default exchange: a right on it would reach every queue directly.
        allowed = {name for name in (*EXCHANGES, "") if await may_publish(node, role, name)}
        assert allowed == MAY_PUBLISH[role]

    @pytest.mark.parametrize("role", WORKING)
    async def test_consuming(self, role: str, node: PrivateNode) -> None:
        assert {name for name in QUEUES if await may_consume(node, role, name)} == MAY_CONSUME[role]

    @pytest.mark.parametrize("role", WORKING)
    async def test_following(self, role: str, node: PrivateNode) -> None:
        assert await may_follow(node, role) is (role in MAY_FOLLOW)

    @pytest.mark.parametrize("role", WORKING)
    async def test_giving_out_tokens(self, role: str, node: PrivateNode) -> None:
        assert await may_be_elected(node, role) is (role == "worker")

    @pytest.mark.parametrize("role", WORKING)
    async def test_no_role_but_topology_makes_or_deletes(self, role: str, node: PrivateNode) -> None:
        async with channel(node, role) as opened:
            with pytest.raises(ChannelAccessRefused):
                await opened.queue_delete("gt.stories")
        async with channel(node, role) as opened:
            with pytest.raises(ChannelAccessRefused):
                await opened.declare_exchange("gt.other", durable=True)

    @pytest.mark.parametrize("name", ["other.stories", "gtx.stories", "amq.gt"])
    async def test_topology_makes_nothing_outside_its_namespace(self, name: str, node: PrivateNode) -> None:
        async with channel(node, "topology") as opened:
            with pytest.raises(ChannelAccessRefused):
                await opened.declare_queue(name, durable=True)
        async with channel(node, "topology") as opened:
            with pytest.raises(ChannelAccessRefused):
                await opened.declare_exchange(name, durable=True)

    async def test_topology_is_not_an_administrator(self, node: PrivateNode) -> None:
        rows = [line.split("\t") for line in node.ctl("-q", "list_users", "--no-table-headers").splitlines()]
        users = {name: tags for name, tags in rows if name.startswith("gt-")}
        assert users["gt-topology"] == "[monitoring]"
        assert {tags for name, tags in users.items() if name != "gt-topology"} == {"[]"}


@pytest.mark.broker
@needs_rabbitmq
def test_the_topology_is_declared_and_deleted_with_the_rights_of_its_role(node: PrivateNode) -> None:
    environment = os.environ | {
        "GT_AMQP_URL": node.url_for("gt-topology", PASSWORDS[password_variable("topology")], "gt"),
        "GT_RATE_LIMITS": "gemini=10/minute",
    }

    def topology(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [Path(sys.executable).with_name("gt-topology"), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    # Objects of the other tests have the same names and other arguments.
    assert topology("delete", "--yes").returncode == 0
    declared = topology("declare")
    assert (declared.returncode, "gt.tokens.gemini" in declared.stdout + declared.stderr) == (0, True)
    assert topology("delete", "--yes").returncode == 0
