"""Rate limits with the least rights of a worker: everything that it does for them is allowed."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from broker_node import PrivateNode, needs_rabbitmq
from gt_common.messages import utc_now
from gt_common.messaging import topology
from gt_common.messaging.publisher import open_publisher
from gt_common.settings import Settings, load_settings
from gt_consumer.limits.fleet import open_fleet_limiter
from waiting import until

pytestmark = [pytest.mark.broker, pytest.mark.timeout(120)]

ROOT = Path(__file__).resolve().parents[2]
ROLES = ("topology", "producer", "worker", "aggregator", "dlq", "follower")
PASSWORDS = {f"RABBITMQ_{role.upper()}_PASSWORD": f"{role}secret" for role in ROLES}


@pytest.fixture
def node(tmp_path: Path) -> Iterator[PrivateNode]:
    """A node with the users of `make_users definitions`."""
    made = subprocess.run(
        [sys.executable, ROOT / "ops/rabbitmq/make_users", "definitions"],
        env=os.environ | PASSWORDS,
        capture_output=True,
        text=True,
        check=True,
    )
    with PrivateNode.start(tmp_path) as node:
        node.import_definitions(made.stdout)
        yield node


def settings_of(node: PrivateNode, role: str) -> Settings:
    url = node.url_for(f"gt-{role}", f"{role}secret", "gt")
    return load_settings(amqp_url=SecretStr(url), rate_limits="gemini=10/second,stories=60/hour")


@needs_rabbitmq
async def test_a_worker_may_do_all_that_rate_limits_need(node: PrivateNode) -> None:
    await topology.declare(settings_of(node, "topology"))
    worker = settings_of(node, "worker")
    await topology.ensure(worker, topology.Role.WORKER)
    async with (
        open_publisher(worker, "test", patience=10) as publisher,
        open_fleet_limiter(worker, publisher, "one") as one,
        open_fleet_limiter(worker, publisher, "two") as two,
    ):
        async with asyncio.timeout(20):
            await asyncio.gather(one.acquire("gemini"), two.acquire("gemini"), one.acquire("stories"))
        await one.pause("free", utc_now() + timedelta(seconds=60))
        await until(lambda: two.paused_s("free") > 0)
