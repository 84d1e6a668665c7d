"""How fresh the state of the fleet is that a page shows."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import count

import pytest

from gt_common.errors import BrokerUnreachableError
from gt_common.settings import Settings, load_settings
from gt_consumer.dashboard import fleet
from gt_consumer.dashboard.books import Books
from gt_consumer.dashboard.live import Live
from gt_consumer.dashboard.rates import Rates


async def test_a_page_that_is_opened_asks_again_if_nobody_did_of_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = count(1)

    async def read(_: Settings) -> None:
        raise BrokerUnreachableError(f"look {next(looks)}")

    monkeypatch.setattr(fleet, "read_fleet", read)
    settings, rates = load_settings(), Rates()
    watch = fleet.FleetWatch(settings, Live(settings, Books(settings), rates), rates)
    running = asyncio.create_task(watch.run())
    try:
        await watch.ready(30)
        await watch.ready(30)
        assert watch.trouble == "look 1"
        monkeypatch.setattr(fleet, "WATCHED_S", 0.0)  # the look is old now
        await watch.ready(30)
        assert watch.trouble == "look 2"
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
