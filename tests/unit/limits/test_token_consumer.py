"""Which tokens a worker uses: those that were issued just now, while the provider is not paused."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from aio_pika.abc import AbstractIncomingMessage

from gt_common.messaging.rate_limits.token_consumer import TokenConsumer
from gt_common.rates import Rate

RATE = Rate("gemini", 10, 1.0)


class Token:
    """A token as it is delivered."""

    def __init__(self, *, redelivered: bool = False) -> None:
        self.redelivered = redelivered
        self.acked = False

    async def ack(self) -> None:
        self.acked = True


class Scene:
    """A consumer with its own clock, and one run that waits."""

    def __init__(self) -> None:
        self.now = 100.0
        self.paused = 0.0
        self.consumer = TokenConsumer(RATE, lambda _provider: self.paused, lambda: self.now)
        self.consumer._sent_after = self.now
        self.waiting = asyncio.ensure_future(self.consumer.acquire())

    async def deliver(self, token: Token) -> bool:
        """Deliver a token; return whether it was used."""
        await asyncio.wait({self.waiting}, timeout=0)
        await self.consumer._on_token(cast("AbstractIncomingMessage", token))
        await asyncio.wait({self.waiting}, timeout=0.01)
        used = self.waiting.done()
        self.waiting.cancel()
        return used


async def test_a_fresh_token_is_used_and_acked() -> None:
    scene, token = Scene(), Token()
    scene.now += RATE.margin_s / 4
    assert await scene.deliver(token)
    assert token.acked


@pytest.mark.parametrize("why", ["old", "redelivered", "paused"])
async def test_other_tokens_are_thrown_away(why: str) -> None:
    scene, token = Scene(), Token(redelivered=why == "redelivered")
    if why == "old":  # as after the worker was frozen, or cut off for a while
        scene.now += RATE.margin_s
    if why == "paused":
        scene.paused = 3.0
    assert not await scene.deliver(token)
    assert token.acked


async def test_who_gave_up_waiting_is_passed_over() -> None:
    scene = Scene()
    second = asyncio.ensure_future(scene.consumer.acquire())
    await asyncio.wait({scene.waiting, second}, timeout=0)
    scene.waiting.cancel()
    await asyncio.wait({scene.waiting})
    await scene.consumer._on_token(cast("AbstractIncomingMessage", Token()))
    async with asyncio.timeout(1):
        await second
