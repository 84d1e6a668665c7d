"""Refusals of the broker: its own words, the right exit code, and no advice that would do harm."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest

from gt_common.errors import BrokerUnreachableError, CredentialsRefusedError, GossipToonError
from gt_common.messages import BatchOpened
from gt_common.messaging import topology
from gt_common.messaging.publisher import Publisher, open_publisher
from gt_common.settings import Settings, load_settings
from gt_consumer.doctor.broker import look_at_broker
from gt_consumer.doctor.finding import Level, tried
from support.broker.node import PrivateNode, needs_rabbitmq

pytestmark = [pytest.mark.broker, needs_rabbitmq, pytest.mark.timeout(120)]

HARMFUL = ("delete", "does not exist", "no access", "user name or password")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateNode]:
    """Yield a node with a user whose limits concern nobody else."""
    with PrivateNode.start(tmp_path_factory.mktemp("limits")) as node:
        add_user(node)
        yield node


def add_user(node: PrivateNode) -> None:
    node.ctl("add_user", "limited", "secret-word")
    node.ctl("set_permissions", "-p", "/", "limited", ".*", ".*", ".*")


@pytest.fixture
def limits(node: PrivateNode) -> Iterator[PrivateNode]:
    """Yield the node, and remove the limits of a test after it."""
    yield node
    node.ctl("set_vhost_limits", "-p", "/", "{}")
    node.ctl("delete_user", "limited")
    add_user(node)


@pytest.fixture
def fleet(node: PrivateNode) -> Settings:
    """Return settings of the limited user."""
    url = node.url_for("limited", "secret-word")
    return load_settings(amqp_url=url, namespace=f"t{os.urandom(5).hex()}", connect_timeout="5s")


def check_words(error: GossipToonError, words: str) -> None:
    assert type(error) is BrokerUnreachableError
    assert error.exit_code == 3
    assert words in str(error)
    assert not [advice for advice in HARMFUL if advice in str(error)]


@pytest.mark.parametrize(
    ("scope", "limit", "words"),
    [
        ("vhost", {"max-connections": 0}, "connection limit (0) is reached"),
        ("user", {"max-connections": 0}, "limit (0) is reached"),
        ("user", {"max-channels": 0}, "number of channels opened for user 'limited' has reached the maximum"),
        ("vhost", {"max-queues": 0}, "queue limit in vhost '/' (0) is reached"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
async def test_a_limit_is_told_in_the_brokers_words(
    limits: PrivateNode, fleet: Settings, scope: str, limit: dict[str, int], words: str
) -> None:
    target = ("-p", "/") if scope == "vhost" else ("limited",)
    limits.ctl(f"set_{scope}_limits", *target, json.dumps(limit))
    with pytest.raises(GossipToonError) as caught:
        await topology.declare(fleet)
    check_words(caught.value, words)
    with pytest.raises(GossipToonError) as checked:
        await topology.ensure(fleet, topology.Role.WORKER)
    check_words(checked.value, words)


def test_the_doctor_tells_a_limit_and_not_a_wrong_virtual_host(limits: PrivateNode, fleet: Settings) -> None:
    limits.ctl("set_vhost_limits", "-p", "/", '{"max-connections": 0}')
    (found,) = tried("broker", look_at_broker, fleet)
    assert (found.level, found.code) == (Level.FAIL, 3)
    assert "connection limit (0) is reached" in found.says


@pytest.mark.parametrize(
    ("user", "password", "vhost", "text"),
    [
        ("limited", "wrong", "/", "refused the user name or password"),
        ("limited", "secret-word", "no-such", "vhost no-such not found"),
        ("limited", "secret-word", "closed", "access to vhost 'closed' refused for user 'limited'"),
    ],
)
async def test_what_concerns_the_login_stays_exit_code_4(
    node: PrivateNode, fleet: Settings, user: str, password: str, vhost: str, text: str
) -> None:
    if vhost == "closed":
        node.ctl("add_vhost", vhost)
    there = load_settings(amqp_url=node.url_for(user, password, vhost), namespace=fleet.namespace)
    with pytest.raises(CredentialsRefusedError) as caught:
        await topology.inspect(there)
    assert text in str(caught.value)
    assert "secret-word" not in str(caught.value)


async def test_a_refused_write_is_told_in_the_brokers_words(node: PrivateNode, fleet: Settings) -> None:
    await topology.declare(fleet)
    node.ctl("set_permissions", "-p", "/", "limited", ".*", "^$", ".*")
    try:
        async with open_publisher(fleet, "test", patience=10) as publisher:
            with pytest.raises(CredentialsRefusedError, match=r"ACCESS_REFUSED.*refused for user 'limited'"):
                await publisher.event(BatchOpened(batch_id="b", total=1))
    finally:
        node.ctl("set_permissions", "-p", "/", "limited", ".*", ".*", ".*")


async def exhaust(publisher: Publisher, event: BatchOpened) -> None:
    """Publish until it is refused; a quorum queue takes some more than its limit."""
    while True:
        await publisher.event(event)


async def test_a_full_queue_is_told_as_refused_and_not_as_an_alarm(
    node: PrivateNode, fleet: Settings
) -> None:
    await topology.declare(fleet)
    pattern = f"^{fleet.namespace}\\.results\\.ledger$"
    node.ctl("set_policy", "-p", "/", "full", pattern, '{"max-length": 1}', "--apply-to", "queues")
    try:
        async with open_publisher(fleet, "test", patience=4) as publisher:
            event = BatchOpened(batch_id="b", total=1)
            with pytest.raises(BrokerUnreachableError) as caught:
                await exhaust(publisher, event)
    finally:
        node.ctl("clear_policy", "-p", "/", "full")
    assert "the broker refused the message" in str(caught.value)
    assert "alarm" not in str(caught.value)
