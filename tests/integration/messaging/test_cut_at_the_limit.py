"""A connection that is lost at the moment at which a time limit is over: the limit holds."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import SecretStr

from gt_common.errors import BrokerUnreachableError
from gt_common.messaging.connection import connect, plain_errors
from gt_common.settings import Settings
from support.broker.tcp_proxy import open_proxy

pytestmark = pytest.mark.broker

TURNS = 40
"""Most turns of the event loop from the cut to the end of the limit; the client has noticed it by then."""
DEADLINE_S = 20.0
BEGUN = 5
"""Turns after which the call waits for its answer."""


async def test_a_limit_holds_at_whatever_moment_of_a_loss_it_ends(settings: Settings) -> None:
    noticed = await asyncio.gather(*(_outcome(settings, turns) for turns in range(TURNS)))
    assert noticed[0] == "limit"
    assert noticed[-1] == "loss, then limit", "the cut was noticed before the last of the limits ended"
    assert set(noticed) == {"limit", "loss, then limit"}


async def _outcome(settings: Settings, turns: int) -> str:
    """Cut a connection while a call waits, and let the call's limit end so many turns of the loop later."""
    async with open_proxy(settings.amqp_url.get_secret_value()) as (proxy, url):
        through = settings.model_copy(update={"amqp_url": SecretStr(url)})
        async with connect(through, "test") as connection:
            channel = await connection.channel()
            bound = asyncio.timeout(DEADLINE_S)
            seen: list[str] = []

            async def call() -> None:
                try:
                    async with bound:
                        try:
                            with plain_errors("declare a queue"):
                                await channel.declare_queue(exclusive=True)
                        except BrokerUnreachableError:
                            seen.append("loss")
                        await asyncio.Event().wait()
                except TimeoutError:
                    seen.append("limit")

            proxy.black_hole()
            task = asyncio.create_task(call())
            await _turn(BEGUN)
            proxy.reset()
            await _turn(turns)
            bound.reschedule(asyncio.get_running_loop().time())
            done, _ = await asyncio.wait({task}, timeout=DEADLINE_S / 2)
            return ", then ".join(seen) if done else "no end"


async def _turn(times: int) -> None:
    for _ in range(times):
        await asyncio.sleep(0)
