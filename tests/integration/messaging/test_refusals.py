"""Refusals of the broker: its own words, the right exit code, and no advice that would do harm."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import pytest
from toolbox.users.roles import Role, User, definitions

from gt_common.errors import BrokerUnreachableError, CredentialsRefusedError, GossipToonError
from gt_common.messages import BatchOpened
from gt_common.messaging import topology
from gt_common.messaging.names import Names
from gt_common.messaging.publisher import Publisher, open_publisher
from gt_common.settings import Settings, load_settings
from gt_consumer.doctor.broker import look_at_broker
from gt_consumer.doctor.finding import Level, tried
from support.broker.node import PrivateNode, needs_rabbitmq
from support.unique import unique

pytestmark = [pytest.mark.broker, needs_rabbitmq]

PASSWORD = "secret-word"
HARMFUL = ("delete", "does not exist", "no access", "user name or password")


@dataclass(frozen=True)
class Limited:
    """A user and a virtual host, both with this name, whose limits concern nobody else."""

    node: PrivateNode
    name: str

    @classmethod
    def make(cls, node: PrivateNode) -> Limited:
        """Add them to a node."""
        name = unique("limited-")
        user = User(Role(name, "", ".*", ".*", ".*"), PASSWORD)
        node.import_definitions(json.dumps(definitions(name, [user])))
        return cls(node, name)

    def settings(self, user: str = "", password: str = PASSWORD, vhost: str = "") -> Settings:
        """Return settings of the user, or with something else in their address."""
        url = self.node.url_for(user or self.name, password, vhost or self.name)
        return load_settings(amqp_url=url, connect_timeout="5s")

    def limit(self, scope: str, limit: dict[str, int]) -> None:
        """Set limits of the user or of the virtual host."""
        target = ("-p", self.name) if scope == "vhost" else (self.name,)
        self.node.ctl(f"set_{scope}_limits", *target, json.dumps(limit))


@pytest.fixture
def limited(shared_node: PrivateNode) -> Limited:
    """Make a user and a virtual host for one test."""
    return Limited.make(shared_node)


@pytest.fixture(scope="module")
def unlimited(shared_node: PrivateNode) -> Limited:
    """Make a user and a virtual host for tests that do not change them."""
    return Limited.make(shared_node)


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
        ("user", {"max-channels": 0}, "number of channels opened for user '{name}' has reached the maximum"),
        ("vhost", {"max-queues": 0}, "queue limit in vhost '{name}' (0) is reached"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
async def test_a_limit_is_told_in_the_brokers_words(
    limited: Limited, scope: str, limit: dict[str, int], words: str
) -> None:
    limited.limit(scope, limit)
    with pytest.raises(GossipToonError) as caught:
        await topology.declare(limited.settings())
    check_words(caught.value, words.format(name=limited.name))
    with pytest.raises(GossipToonError) as checked:
        await topology.ensure(limited.settings(), topology.Role.WORKER)
    check_words(checked.value, words.format(name=limited.name))


def test_the_doctor_tells_a_limit_and_not_a_wrong_virtual_host(limited: Limited) -> None:
    limited.limit("vhost", {"max-connections": 0})
    (found,) = tried("broker", look_at_broker, limited.settings())
    assert (found.level, found.code) == (Level.FAIL, 3)
    assert "connection limit (0) is reached" in found.says


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"password": "wrong"}, "refused the user name or password"),
        ({"vhost": "no-such"}, "vhost no-such not found"),
        ({"vhost": "/"}, "access to vhost '/' refused for user '{name}'"),
    ],
)
async def test_what_concerns_the_login_stays_exit_code_4(
    unlimited: Limited, wrong: dict[str, str], text: str
) -> None:
    with pytest.raises(CredentialsRefusedError) as caught:
        await topology.inspect(unlimited.settings(**wrong))
    assert text.format(name=unlimited.name) in str(caught.value)
    assert PASSWORD not in str(caught.value)


async def test_a_refused_write_is_told_in_the_brokers_words(limited: Limited) -> None:
    fleet = limited.settings()
    await topology.declare(fleet)
    limited.node.ctl("set_permissions", "-p", limited.name, limited.name, ".*", "^$", ".*")
    async with open_publisher(fleet, "test", patience=10) as publisher:
        with pytest.raises(
            CredentialsRefusedError, match=rf"ACCESS_REFUSED.*refused for user '{limited.name}'"
        ):
            await publisher.event(BatchOpened(batch_id="b", total=1))


async def exhaust(publisher: Publisher, event: BatchOpened) -> None:
    """Publish until it is refused; a quorum queue takes some more than its limit."""
    while True:
        await publisher.event(event)


async def test_a_full_queue_is_told_as_refused_and_not_as_an_alarm(limited: Limited) -> None:
    fleet = limited.settings()
    await topology.declare(fleet)
    queue = Names(fleet.namespace).ledger_queue
    policy = ("full", f"^{re.escape(queue)}$", '{"max-length": 1}', "--apply-to", "queues")
    limited.node.ctl("set_policy", "-p", limited.name, *policy)
    async with open_publisher(fleet, "test", patience=4) as publisher:
        event = BatchOpened(batch_id="b", total=1)
        with pytest.raises(BrokerUnreachableError) as caught:
            await exhaust(publisher, event)
    assert "the broker refused the message" in str(caught.value)
    assert "alarm" not in str(caught.value)
