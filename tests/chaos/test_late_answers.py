"""A broker that answers late: every command works, slowly."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gt_common.messaging import topology
from gt_common.messaging.names import Names
from gt_common.messaging.publisher import open_publisher
from gt_common.settings import Settings
from support.broker.tcp_proxy import open_proxy
from support.fleet import publish, run_command, scripted_story

pytestmark = [pytest.mark.broker, pytest.mark.timeout(500)]

LATE_S = 1.5


@pytest.mark.chaos
async def test_every_command_works(settings: Settings, environment: dict[str, str], tmp_path: Path) -> None:
    async with open_publisher(settings, "test", patience=20) as publisher:
        await publisher.malformed(b"not a story", "not a story", "story")
    await publish(settings, scripted_story("b1", 1, tmp_path / "runs"))
    async with open_proxy(settings.amqp_url.get_secret_value(), delay=LATE_S) as (_, url):
        late = environment | {"GT_AMQP_URL": url, "GT_HEARTBEAT": "30", "GT_ORCHESTRATOR": "command:true"}
        consume = ("gt-consume", "--until-empty", "--orchestrator", "support.orchestrators.fleet:Scripted")
        ended = await asyncio.gather(
            run_command(late, *consume),
            run_command(late, "gt-topology", "declare"),
            run_command(late, "gt-doctor"),
            run_command(late, "gt-dlq", "list", "--queue"),
        )
        told = await run_command(late, "gt-aggregate", "--until-idle")
        waited = await run_command(late, "gt-dlq", "replay", "-y", "--reason", "again")
    for code, out in (*ended, told, waited):
        assert "CHANNEL_ERROR" not in out
        assert "Traceback" not in out
        assert code in {0, 1}, out
    assert (tmp_path / "runs").read_text().count("\n") == 1
    names = Names(settings.namespace)
    (queue,) = await topology.inspect(settings, [names.ledger_queue])
    assert queue.messages == 0
