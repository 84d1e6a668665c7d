"""How the aggregator groups what arrives: as much as there is, no longer than it must, acked in one step."""

from __future__ import annotations

import asyncio

import pytest

from gt_common.messages import StoryStarted
from gt_consumer.aggregator import aggregator
from support.fakes.aggregator import DEADLINE_S, AggregatorHarness, FakeChannel
from support.samples.events import story_event
from support.waiting import until


async def test_right_after_a_transaction_the_next_one_waits_for_more_and_an_idle_one_does_not() -> None:
    harness = AggregatorHarness(group=3, linger_s=DEADLINE_S * 2)
    work = asyncio.create_task(harness.aggregator.run())
    first = harness.arrive(story_event(StoryStarted, 1))
    await until(lambda: first.acked)
    second = harness.arrive(story_event(StoryStarted, 2))
    await until(lambda: harness.aggregator.lingering)
    assert (len(harness.groups), second.acked) == (1, False)
    rest = [harness.arrive(story_event(StoryStarted, number)) for number in (3, 4)]
    await until(lambda: rest[-1].acked)
    assert [len(group) for group in harness.groups] == [1, 3]
    harness.aggregator.stop()
    await work


async def test_large_messages_make_a_group_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aggregator, "GROUP_BYTES", 600)
    harness = AggregatorHarness()
    for number in range(1, 8):
        harness.arrive(story_event(StoryStarted, number))
    await harness.run_until_idle()
    assert [len(group) for group in harness.groups] == [3, 3, 1]


async def test_each_channel_is_acked_by_itself() -> None:
    harness = AggregatorHarness()
    old = [harness.arrive(story_event(StoryStarted, number)) for number in (1, 2)]
    harness.channel = FakeChannel()
    new = [harness.arrive(story_event(StoryStarted, number)) for number in (3, 4)]
    await harness.run_until_idle()
    assert harness.journal == ["commit", "ack 2", "ack 2"]
    assert all(one.acked for one in old + new)
