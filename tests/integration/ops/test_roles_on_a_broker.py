"""The rights of roles.json, tried on a broker with one user per role."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aiormq.exceptions import ChannelAccessRefused

from support.broker.node import PrivateNode, needs_rabbitmq
from support.broker.users import Users, make_users

EXCHANGES = (
    "gt.stories",
    "gt.retry",
    "gt.delay.3",
    "gt.results",
    "gt.dlx",
    "gt.progress",
    "gt.tokens",
    "gt.pauses",
    "gt.control",
    "gt.presence",
    "gt.marks",
    "gt.parked",
)
QUEUES = (
    "gt.stories",
    "gt.retry.10s",
    "gt.delay.3",
    "gt.dlq",
    "gt.results.ledger",
    "gt.results.dlq",
    "gt.tokens.gemini",
    "gt.pauses",
    "gt.control",
    "gt.presence",
    "gt.parked.b1.1",
)

STREAMS = {"gt.pauses", "gt.control", "gt.presence"}

# What each role does in its work (MAY) is all it may do: everything else of the topology is refused.
MAY_PUBLISH = {
    "producer": {"gt.stories", "gt.results", "gt.delay.3"},
    "worker": set(EXCHANGES) - {"gt.control"},
    "aggregator": {"gt.dlx", "gt.progress", "gt.control"},
    "dlq": {"gt.stories", "gt.results", "gt.dlx"},
    "operator": {"gt.control", "gt.marks", "gt.results"},
    "follower": {"gt.marks"},
    "dashboard": {"gt.stories", "gt.results", "gt.dlx", "gt.control", "gt.marks"},
}
MAY_CONSUME = {
    "producer": set(),
    "worker": {"gt.stories", "gt.tokens.gemini", "gt.pauses", "gt.control", "gt.parked.b1.1"},
    "aggregator": {"gt.results.ledger"},
    "dlq": {"gt.dlq", "gt.results.dlq"},
    "operator": {"gt.control", "gt.presence"},
    "follower": {"gt.presence", "gt.control"},
    "dashboard": {"gt.dlq", "gt.results.dlq", "gt.control", "gt.presence"},
}
MAY_FOLLOW = {"producer", "follower", "dashboard"}
WORKING = sorted(MAY_PUBLISH)


@pytest.fixture(scope="module")
def users(shared_node: PrivateNode) -> Users:
    """Make the users of `make_users definitions`; their names are those of the default namespace."""
    return make_users(shared_node, "gt")


@pytest.fixture
async def topology(users: Users) -> None:
    """Declare the names of the topology; types and arguments do not matter for rights."""
    async with channel(users, "topology") as admin:
        for name in EXCHANGES:
            await admin.declare_exchange(name, aio_pika.ExchangeType.TOPIC, durable=True)
        for name in QUEUES:
            kind = "stream" if name in STREAMS else "classic"
            await admin.declare_queue(name, durable=True, arguments={"x-queue-type": kind})


@asynccontextmanager
async def channel(users: Users, role: str) -> AsyncIterator[AbstractChannel]:
    """Open a channel as the user of a role."""
    async with await aio_pika.connect(users.url(role), timeout=10) as connection:
        yield await connection.channel()


async def ignore(_message: AbstractIncomingMessage) -> None:
    """Ignore a message: only the rights are tried."""


async def may_publish(users: Users, role: str, exchange: str) -> bool:
    """Whether a confirmed publish is accepted; refused ones close the channel with 403."""
    async with channel(users, role) as opened:
        target = await opened.get_exchange(exchange, ensure=False)
        try:
            await target.publish(aio_pika.Message(b"{}"), "story", mandatory=False, timeout=10)
        except ChannelAccessRefused:
            return False
    return True


async def may_consume(users: Users, role: str, queue: str) -> bool:
    """Whether a consumer is accepted."""
    async with channel(users, role) as opened:
        source = await opened.get_queue(queue, ensure=False)
        await opened.set_qos(1)  # a consumer of a stream needs it
        try:
            await source.consume(ignore, timeout=10)
        except ChannelAccessRefused:
            return False
    return True


async def may_follow(users: Users, role: str) -> bool:
    """Whether an exclusive queue can be bound to the progress of a batch and read."""
    async with channel(users, role) as opened:
        try:
            queue = await opened.declare_queue(f"gt.follow.{role}", exclusive=True, auto_delete=True)
            await queue.bind("gt.progress", "batch.#")
            await queue.consume(ignore, no_ack=True)
        except ChannelAccessRefused:
            return False
    return True


async def may_be_elected(users: Users, role: str) -> bool:
    """Whether the lock of the one that gives out tokens can be taken."""
    async with channel(users, role) as opened:
        try:
            await opened.declare_queue("gt.metronome", exclusive=True)
        except ChannelAccessRefused:
            return False
    return True


async def may_park(users: Users, role: str) -> bool:
    """Whether a queue for stories of a paused batch can be made, emptied and deleted."""
    async with channel(users, role) as opened:
        try:
            queue = await opened.declare_queue(f"gt.parked.b2.{role}", durable=True)
            await queue.bind("gt.parked", "b2.1")
            await queue.consume(ignore)
            await queue.unbind("gt.parked", "b2.1")
            await opened.queue_delete(queue.name)
        except ChannelAccessRefused:
            return False
    return True


@pytest.mark.broker
@pytest.mark.usefixtures("topology")
@needs_rabbitmq
class TestRightsOnABroker:
    """Each role may do its work and nothing else."""

    @pytest.mark.parametrize("role", WORKING)
    async def test_publishing(self, role: str, users: Users) -> None:
        # "" is the default exchange: a right on it would reach every queue directly.
        allowed = {name for name in (*EXCHANGES, "") if await may_publish(users, role, name)}
        assert allowed == MAY_PUBLISH[role]

    @pytest.mark.parametrize("role", WORKING)
    async def test_consuming(self, role: str, users: Users) -> None:
        assert {name for name in QUEUES if await may_consume(users, role, name)} == MAY_CONSUME[role]

    @pytest.mark.parametrize("role", WORKING)
    async def test_following(self, role: str, users: Users) -> None:
        assert await may_follow(users, role) is (role in MAY_FOLLOW)

    @pytest.mark.parametrize("role", WORKING)
    async def test_giving_out_tokens(self, role: str, users: Users) -> None:
        assert await may_be_elected(users, role) is (role == "worker")

    @pytest.mark.parametrize("role", WORKING)
    async def test_parking_stories_of_a_paused_batch(self, role: str, users: Users) -> None:
        assert await may_park(users, role) is (role == "worker")

    @pytest.mark.parametrize("role", WORKING)
    async def test_no_role_but_topology_makes_or_deletes(self, role: str, users: Users) -> None:
        async with channel(users, role) as opened:
            with pytest.raises(ChannelAccessRefused):
                await opened.queue_delete("gt.stories")
        async with channel(users, role) as opened:
            with pytest.raises(ChannelAccessRefused):
                await opened.declare_exchange("gt.other", durable=True)

    @pytest.mark.parametrize("name", ["other.stories", "gtx.stories", "amq.gt"])
    async def test_topology_makes_nothing_outside_its_namespace(self, name: str, users: Users) -> None:
        async with channel(users, "topology") as opened:
            with pytest.raises(ChannelAccessRefused):
                await opened.declare_queue(name, durable=True)
        async with channel(users, "topology") as opened:
            with pytest.raises(ChannelAccessRefused):
                await opened.declare_exchange(name, durable=True)

    async def test_topology_is_not_an_administrator(self, users: Users) -> None:
        rows = [
            line.split("\t") for line in users.node.ctl("-q", "list_users", "--no-table-headers").splitlines()
        ]
        tagged = {name: tags for name, tags in rows if name.startswith("gt-")}
        assert tagged["gt-topology"] == "[monitoring]"
        assert {tags for name, tags in tagged.items() if name != "gt-topology"} == {"[]"}


@pytest.mark.broker
@needs_rabbitmq
def test_the_topology_is_declared_and_deleted_with_the_rights_of_its_role(users: Users) -> None:
    environment = os.environ | {
        "GT_AMQP_URL": users.url("topology"),
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


@pytest.mark.broker
@needs_rabbitmq
def test_users_of_several_namespaces_are_added_at_the_same_time(shared_node: PrivateNode) -> None:
    names = [f"together-{number}" for number in range(4)]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda name: make_users(shared_node, name), names))
    added = {line.split("\t")[0] for line in shared_node.ctl("-q", "list_users").splitlines()}
    assert {f"{name}-worker" for name in names} <= added
    # No file with passwords stays behind.
    assert [file.name for file in shared_node.directory.glob("*.json")] == ["node.json"]
