"""What browsers are told, and the rates that are counted from the same events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gt_common.messages import StoryFailed, StoryStarted, StorySucceeded
from gt_common.settings import load_settings
from gt_consumer.dashboard import live as module
from gt_consumer.dashboard.books import Books
from gt_consumer.dashboard.live import Live
from gt_consumer.dashboard.rates import WINDOW_S, Rates
from support.samples.events import story_event


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Live:
    """Return one that follows nothing yet, without the pause between two messages."""
    monkeypatch.setattr(module, "COALESCE_S", 0.0)
    settings = load_settings(ledger_url=f"sqlite:///{tmp_path / 'none.db'}")
    return Live(settings, Books(settings), Rates())


async def told(messages: AsyncIterator[str]) -> dict[str, object]:
    """Return the next message."""
    async with asyncio.timeout(30):
        document: dict[str, object] = json.loads(await anext(messages))
    return document


async def test_changes_are_told_together_and_to_everybody(live: Live) -> None:
    first, second = live.messages(), live.messages()
    for messages in (first, second):
        assert await told(messages) == {"batches": [], "all": True, "fleet": True}
    for batch in ("b2", "b1", "b2"):
        live.changed(batch)
    live.changed(fleet=True)
    for messages in (first, second):
        assert await told(messages) == {"batches": ["b1", "b2"], "all": False, "fleet": True}
    live.changed()
    live.changed("b1")
    assert await told(first) == {"batches": [], "all": True, "fleet": False}
    for number in range(60):
        live.changed(f"b{number}")
    assert await told(first) == {"batches": [], "all": True, "fleet": False}
    assert live.watched
    await first.aclose()
    await second.aclose()
    assert not live.watched


async def test_the_end_of_the_dashboard_ends_the_streams(live: Live) -> None:
    messages = live.messages()
    await told(messages)
    live.close()
    async with asyncio.timeout(30):
        assert [message async for message in messages] == []


def test_rates_are_those_of_the_last_minutes() -> None:
    clock = [0.0]
    rates = Rates(lambda: clock[-1])
    for seconds, kind in (
        (10.0, StoryStarted),
        (20.0, StorySucceeded),
        (50.0, StoryStarted),
        (60.0, StoryFailed),
    ):
        clock.append(seconds)
        rates.count(story_event(kind))
    assert rates.per_minute() == {"started": 2.0, "succeeded": 1.0, "retried": 0.0, "failed": 1.0}
    assert rates.ended == 2
    clock.append(45.0 + WINDOW_S)
    assert rates.per_minute() == {
        "started": 60 / WINDOW_S,
        "succeeded": 0.0,
        "retried": 0.0,
        "failed": 60 / WINDOW_S,
    }
