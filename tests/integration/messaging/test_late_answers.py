"""A broker that answers late: commands work, slowly; `make chaos` tries all of them."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import SecretStr

from gt_common.messages import StoryMessage
from gt_common.messaging import topology
from gt_common.messaging.names import Names
from gt_common.messaging.publisher import open_publisher
from gt_common.settings import Settings
from support.broker.tcp_proxy import open_proxy
from support.fleet import run_command

pytestmark = [pytest.mark.broker, pytest.mark.timeout(400)]

LATER_S = 2.2


async def test_the_handshake_may_take_as_long_as_its_answers(
    settings: Settings, environment: dict[str, str]
) -> None:
    async with open_proxy(settings.amqp_url.get_secret_value(), delay=LATER_S) as (_, url):
        late = environment | {"GT_AMQP_URL": url, "GT_HEARTBEAT": "30", "GT_CONNECT_TIMEOUT": "4s"}
        code, out = await run_command(late, "gt-produce", "https://redd.it/a1", "--batch-id", "b")
    assert (code, "batch b: 1 story published" in out) == (0, True), out


async def test_a_publisher_goes_on_after_a_close_that_was_given_up(settings: Settings) -> None:
    url = "https://redd.it/a1"
    story = StoryMessage(batch_id="b", story_id="s", position=1, url=url, canonical_url=url)
    names = Names(settings.namespace)
    async with open_proxy(settings.amqp_url.get_secret_value(), delay=0.4) as (_, late_url):
        late = settings.model_copy(
            update={"amqp_url": SecretStr(late_url), "heartbeat": 30, "connect_timeout": 0.6}
        )
        async with open_publisher(late, "test") as publisher:
            first = await publisher.connect()
            await publisher._drop(first)
            async with asyncio.timeout(60):
                await asyncio.gather(*(publisher.story(story) for _ in range(5)))
    (queue,) = await topology.inspect(settings, [names.stories])
    assert (queue.messages or 0) >= 5
