"""Rate limits with the minimal rights of a worker: they allow everything that it does for its limits."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from gt_common.messages import utc_now
from gt_common.messaging import topology
from gt_common.messaging.publisher import open_publisher
from gt_consumer.limits.fleet import open_fleet_limiter
from support.broker.node import PrivateNode, needs_rabbitmq
from support.broker.users import make_users
from support.waiting import until

pytestmark = pytest.mark.broker

LIMITS = "gemini=10/second,stories=60/hour"


@needs_rabbitmq
async def test_a_worker_may_do_all_that_rate_limits_need(shared_node: PrivateNode) -> None:
    users = make_users(shared_node, "limits")
    await topology.declare(users.settings("topology", rate_limits=LIMITS))
    worker = users.settings("worker", rate_limits=LIMITS)
    await topology.ensure(worker, topology.Role.WORKER)
    async with (
        open_publisher(worker, "test", patience=10) as publisher,
        open_fleet_limiter(worker, publisher, "one") as one,
        open_fleet_limiter(worker, publisher, "two") as two,
    ):
        async with asyncio.timeout(90):
            await asyncio.gather(one.acquire("gemini"), two.acquire("gemini"), one.acquire("stories"))
        await one.pause("free", utc_now() + timedelta(seconds=60))
        await until(lambda: two.paused_s("free") > 0)
