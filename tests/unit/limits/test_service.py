"""The connection for rate limits: it is opened again after a loss, and everything on it ends with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest
from aio_pika.abc import AbstractConnection

from gt_common.errors import BrokerUnreachableError
from gt_common.messaging.backoff import is_own_cancellation
from gt_common.messaging.names import Names
from gt_common.messaging.rate_limits import service
from gt_common.messaging.rate_limits.token_consumer import TokenConsumer
from gt_common.messaging.rate_limits.token_history import TokenHistory
from gt_common.settings import Settings, load_settings
from support.waiting import until


class Broker:
    """Connections that are lost when the test says, and what runs on them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened = self.running = 0
        self.heartbeats: set[int] = set()
        self.marked_as_cancelled: list[bool] = []
        self.lose = asyncio.Event()
        monkeypatch.setattr(service, "connect", self.connect)
        monkeypatch.setattr(service, "_watch", self.watch)
        monkeypatch.setattr(service, "wait_until_elected", self.wait_until_elected)
        monkeypatch.setattr(service, "issue_tokens", self.work)

    @asynccontextmanager
    async def connect(self, settings: Settings, _name: str) -> AsyncIterator[AbstractConnection]:
        self.opened += 1
        self.heartbeats.add(settings.heartbeat)
        try:
            yield cast("AbstractConnection", self)
        finally:
            self.marked_as_cancelled.append(is_own_cancellation())

    async def watch(self, _connection: AbstractConnection) -> None:
        await self.lose.wait()
        self.lose.clear()
        raise BrokerUnreachableError("the connection was lost")

    async def wait_until_elected(self, _connection: AbstractConnection, _names: Names) -> None:
        pass

    async def work(self, *_: object) -> None:
        self.running += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.running -= 1


async def test_each_loss_ends_what_runs_and_the_next_connection_begins_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = Broker(monkeypatch)
    settings = load_settings(rate_limits="gemini=10/second").model_copy(update={"heartbeat": 60})
    monkeypatch.setattr(TokenConsumer, "run", lambda *_: broker.work())
    consumers = [TokenConsumer(rate, lambda _: 0.0) for rate in settings.rate_limits]
    serving = asyncio.create_task(
        service.serve_tokens(settings, "test", consumers, lambda _: 0.0, TokenHistory())
    )
    for number in (1, 2, 3):
        await until(lambda: broker.running == 2, every=0.01)
        assert broker.opened == number
        broker.lose.set()
        await until(lambda: broker.running == 0, every=0.001)
    await until(lambda: broker.running == 2, every=0.01)
    serving.cancel()
    await asyncio.wait({serving})
    assert serving.cancelled()
    assert broker.running == 0
    # After a loss a bare CancelledError of the client library must still be told from a cancellation.
    assert broker.marked_as_cancelled == [False, False, False, True]
    assert broker.heartbeats == {service.HEARTBEAT_S}, "a frozen leader loses the lock soon"
