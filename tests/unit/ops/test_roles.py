"""The rights of roles.json, as text and tried on a broker with one user per role."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aiormq.exceptions import ChannelAccessRefused
from toolbox.errors import USAGE, BrokerError
from toolbox.users.roles import (
    commands,
    definitions,
    password_hash,
    password_variable,
    read_roles,
    users_from,
)

from gt_common.messaging.topology import ExchangeSpec, QueueSpec
from gt_common.messaging.topology import Role as Asker
from gt_common.messaging.topology import topology as topology_of
from gt_common.rates import Rate
from gt_common.settings import Settings
from support.broker.node import PrivateNode, needs_rabbitmq

SCRIPT = Path(__file__).resolve().parents[3] / "ops" / "rabbitmq" / "make_users"
ROLES = read_roles("gt")
PASSWORDS = {password_variable(name): f"{name} p/@ss" for name in ROLES}
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


def make_users(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script with these variables in its environment."""
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=30,
    )


def test_a_password_is_hashed_as_rabbitmq_documents_it() -> None:
    # The example of rabbitmq.com/docs/passwords.
    documented = "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"
    assert password_hash("test12", bytes.fromhex("908DC60A")) == documented
    assert password_hash("test12") != password_hash("test12")


def test_a_namespace_is_taken_literally_in_the_patterns() -> None:
    role = read_roles("a-b")["worker"]
    assert role.user == "a-b-worker"
    assert role.read == r"^a\-b\.(stories|pauses|tokens\..+)$"


@pytest.mark.parametrize("namespace", ["", "a b", "x'y", "a.b", "-a", "a" * 42])
def test_what_cannot_be_a_namespace_is_refused(namespace: str) -> None:
    with pytest.raises(BrokerError, match="is no namespace") as caught:
        read_roles(namespace)
    assert caught.value.exit_code == USAGE


def test_all_missing_passwords_are_named() -> None:
    with pytest.raises(BrokerError, match="RABBITMQ_TOPOLOGY_PASSWORD, RABBITMQ_PRODUCER_PASSWORD, R"):
        users_from({password_variable("dlq"): "x"}, ROLES)


def test_definitions_hold_no_password_and_no_guest() -> None:
    text = json.dumps(definitions("gt", users_from(PASSWORDS, ROLES)))
    assert not [password for password in PASSWORDS.values() if password in text]
    assert "guest" not in text


def test_the_script_writes_a_file_whole(tmp_path: Path) -> None:
    target = tmp_path / "users.json"
    done = make_users("definitions", "--output", str(target), **PASSWORDS)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert {user["name"] for user in json.loads(target.read_text())["users"]} == {
        f"gt-{name}" for name in ROLES
    }
    assert list(tmp_path.iterdir()) == [target]


def test_the_script_without_passwords_ends_with_a_usage_error() -> None:
    done = make_users("definitions")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


def test_the_commands_for_typing_take_passwords_through_standard_input() -> None:
    lines = commands("gt", ROLES)
    assert "printenv RABBITMQ_WORKER_PASSWORD | rabbitmqctl add_user gt-worker" in lines
    rights = r"'^$' '^gt\.(dlx|progress)$' '^gt\.results(\.ledger)?$'"
    assert f"rabbitmqctl set_permissions -p gt gt-aggregator {rights}" in lines
    assert make_users("commands").stdout.splitlines() == lines


def checked_objects() -> list[tuple[str, str]]:
    """Every exchange and queue that a command checks passively, with the role that does."""
    fleet = topology_of(Settings(_env_file=None, rate_limits=(Rate("gemini", 10, 60.0),)))
    specs: list[ExchangeSpec | QueueSpec] = [*fleet.exchanges, *fleet.queues]
    return sorted(
        {(role.value, spec.name) for spec in specs for role in spec.roles if role is not Asker.ADMIN}
    )


@pytest.mark.parametrize(("role", "name"), checked_objects())
def test_a_role_has_a_right_on_everything_it_checks(role: str, name: str) -> None:
    # RabbitMQ asks for one since 4.2.7 and 4.3.1.
    rights = ROLES[role]
    assert any(re.search(pattern, name) for pattern in (rights.configure, rights.write, rights.read))


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateNode]:
    """A node with the users of `make_users definitions` and an empty topology."""
    with PrivateNode.start(tmp_path_factory.mktemp("roles")) as node:
        node.import_definitions(make_users("definitions", **PASSWORDS).stdout)
        yield node


@pytest.fixture
async def topology(node: PrivateNode) -> None:
    """The names of the topology; types and arguments do not matter for rights."""
    async with channel(node, "topology") as admin:
        for name in EXCHANGES:
            await admin.declare_exchange(name, aio_pika.ExchangeType.TOPIC, durable=True)
        for name in QUEUES:
            await admin.declare_queue(name, durable=True)


@asynccontextmanager
async def channel(node: PrivateNode, role: str) -> AsyncIterator[AbstractChannel]:
    """A channel of the user of a role."""
    url = node.url_for(f"gt-{role}", PASSWORDS[password_variable(role)], "gt")
    async with await aio_pika.connect(url, timeout=10) as connection:
        yield await connection.channel()


async def ignore(_message: AbstractIncomingMessage) -> None:
    """The rights are tried, not the messages."""


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
    """Whether a queue of one's own can be bound to the progress of a batch and read."""
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
