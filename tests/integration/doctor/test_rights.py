"""gt-doctor as the user of each role, who may not inspect everything where RabbitMQ requires rights."""

from __future__ import annotations

import asyncio

import pytest

from gt_common.messaging import topology
from gt_common.messaging.examine import BrokerStatus
from gt_common.messaging.lookup import QueueInfo
from gt_common.messaging.versions import version_of
from gt_common.settings import load_settings
from gt_consumer.doctor import broker as doctor_broker
from gt_consumer.doctor.broker import look_at_broker
from gt_consumer.doctor.finding import Level
from support.broker.node import PrivateNode, needs_rabbitmq
from support.broker.users import ROLES, Users, make_users

pytestmark = pytest.mark.broker


@pytest.fixture(scope="module")
def users(shared_node: PrivateNode) -> Users:
    """Make all users and the topology."""
    users = make_users(shared_node, "doctor")
    asyncio.run(topology.declare(users.settings("topology")))
    return users


@needs_rabbitmq
@pytest.mark.parametrize("role", ROLES)
async def test_nobody_is_told_of_a_failure_for_lack_of_rights(users: Users, role: str) -> None:
    found = await asyncio.to_thread(lambda: list(look_at_broker(users.settings(role))))
    assert [one for one in found if one.level is Level.FAIL] == []
    (queues,) = [one.says for one in found if one.check == "queues"]
    version = version_of(found[0].says.split()[1])
    count = len(topology.topology(users.settings(role)).queues)
    if role == "topology":
        assert queues == f"all {count} found with the right arguments"
    elif version < (4, 0):
        assert (
            queues == f"all {count} found; arguments not compared, because this user may not declare queues"
        )
    elif version >= (4, 3):
        assert "not checked, because this user has no rights on them: " in queues


def test_what_may_not_be_looked_at_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {"gt.stories": QueueInfo("gt.stories", 3, 1)}
    hidden = ("exchange gt.tokens", "queue gt.dlq")
    look = BrokerStatus("4.3.6", (), hidden, seen, {}, may_declare=False, may_publish={"gt.stories": True})

    async def examined(_settings: object) -> BrokerStatus:
        return look

    monkeypatch.setattr(doctor_broker, "examine_broker", examined)
    found = {one.check: one for one in look_at_broker(load_settings())}
    assert found["queues"].level is Level.OK
    assert found["queues"].says == (
        "1 found; not checked, because this user has no rights on them: exchange gt.tokens, queue gt.dlq; "
        "arguments not compared, because this user may not declare queues"
    )
    assert "aggregator" not in found, "whether one consumes is not known"
