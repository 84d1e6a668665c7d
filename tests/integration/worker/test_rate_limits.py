"""Rate limits on a real broker: workers as processes, whose leader is killed and frozen on the way."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import aio_pika
import pytest

from gt_common.lifecycle import BatchPhase
from gt_common.messages import StoryMessage, StorySucceeded, utc_now
from gt_common.messaging import topology
from gt_common.messaging.names import Names
from gt_common.messaging.publisher import open_publisher
from gt_common.rates import parse_rates
from gt_common.settings import Settings
from gt_consumer.limits.fleet import FleetLimiter, open_fleet_limiter
from support.broker.tcp_proxy import open_proxy
from support.fleet import Running, command, publish, scripted_story, tally
from support.waiting import until

pytestmark = pytest.mark.broker

Env = dict[str, str]
FAST = "gemini=10/second"
FREE = "nobody-limits-this"


@asynccontextmanager
async def limited(settings: Settings, rates: str) -> AsyncIterator[Settings]:
    """Yield settings with limits whose queues are declared for the time of a block."""
    made = settings.model_copy(update={"rate_limits": parse_rates(rates), "heartbeat": 2})
    await topology.declare(made)
    yield made
    await topology.delete(made)


@asynccontextmanager
async def workers(environment: Env, rates: str, *names: str) -> AsyncIterator[dict[str, Running]]:
    """Run workers that call a provider."""
    async with AsyncExitStack() as stack:
        running = {}
        for name in names:
            own = {**environment, "GT_WORKER_NAME": name, "GT_RATE_LIMITS": rates, "GT_HEARTBEAT": "2"}
            running[name] = await stack.enter_async_context(
                command(own, "gt-consume", "--orchestrator", "support.orchestrators.limited:Limited")
            )
        await asyncio.gather(*(one.says("worker_started") for one in running.values()))
        yield running


def said(running: dict[str, Running]) -> list[str]:
    return [line for one in running.values() for line in one.lines]


def a_story(position: int, calls: Path, **options: object) -> StoryMessage:
    return scripted_story("b1", position, calls, calls=str(calls), **options)


def read_calls(calls: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in calls.read_text().splitlines()] if calls.exists() else []


def call_times(calls: Path) -> list[float]:
    return sorted(float(str(call["at"])) for call in read_calls(calls))


def most_in_a_window(times: list[float], seconds: float) -> int:
    """Count the calls of every window that begins with a call; no other window has more."""
    return max(sum(first <= other < first + seconds for other in times) for first in times)


def longest_gap(times: list[float], since: float) -> float:
    return max(after - before for before, after in pairwise([since, *(at for at in times if at > since)]))


async def elected(running: dict[str, Running]) -> str:
    """Wait until one of these workers issues the tokens. Return its name."""
    found: list[str] = []

    def look() -> bool:
        found[:] = [
            name for name, one in running.items() if any("leader_elected" in line for line in one.lines)
        ]
        return bool(found)

    await until(look)
    return found[0]


async def more_calls(calls: Path, count: int, counts: Callable[[dict[str, object]], bool] = bool) -> None:
    begun = sum(map(counts, read_calls(calls)))
    await until(lambda: sum(map(counts, read_calls(calls))) >= begun + count, deadline=60)


async def test_four_workers_keep_to_the_limit_while_the_leader_is_killed_and_frozen(
    settings: Settings, environment: Env, tmp_path: Path
) -> None:
    calls = tmp_path / "calls"
    names = ("w1", "w2", "w3", "w4")
    async with limited(settings, FAST) as fleet, workers(environment, FAST, *names) as running:
        await publish(fleet, *(a_story(n, calls, times=100_000) for n in range(1, 5)))
        await until(lambda: len({call["worker"] for call in read_calls(calls)}) == 4)
        steady_from, counted_from = time.monotonic(), len(read_calls(calls))
        await more_calls(calls, 40)
        steady = (len(read_calls(calls)) - counted_from) / (time.monotonic() - steady_from)
        shares = Counter(str(call["worker"]) for call in read_calls(calls)[counted_from:])

        first = await elected(running)
        killed_at = time.monotonic()
        running.pop(first).send(signal.SIGKILL)
        second = await elected(running)
        await more_calls(calls, 16)

        frozen_at = time.monotonic()
        frozen = running.pop(second)
        frozen.send(signal.SIGSTOP)
        await elected(running)
        await more_calls(calls, 8)
        thawed_at = time.monotonic()
        frozen.send(signal.SIGCONT)
        await more_calls(calls, 5, lambda call: call["worker"] == second)
        await more_calls(calls, 16)

    times = call_times(calls)
    most = most_in_a_window(times, 1.0)
    print(
        f"\n{len(times)} calls; steady {steady:.2f}/s, shares {sorted(shares.values())}; "
        f"most in any second {most} of 10; longest gap after kill "
        f"{longest_gap([at for at in times if at < frozen_at], killed_at):.2f} s, after freeze "
        f"{longest_gap([at for at in times if at < thawed_at], frozen_at):.2f} s"
    )
    assert most <= 10
    assert steady > 3, "a busy machine throws tokens away, but not most of them"
    assert min(shares.values()) >= 5, "every worker has its turns"


async def test_rate_limited_at_one_worker_pauses_all_and_costs_no_attempt(
    settings: Settings, environment: Env, tmp_path: Path
) -> None:
    calls = tmp_path / "calls"
    async with limited(settings, FAST) as fleet, workers(environment, FAST, "w1", "w2", "w3") as running:
        others = [a_story(n, calls, times=12) for n in (1, 2)]
        await publish(fleet, *others)
        await more_calls(calls, 4)
        await publish(fleet, a_story(3, calls, times=2, refuse=3.0))
        await until(calls.with_suffix(".refused").exists)
        refused = call_times(calls)[-1]
        await asyncio.gather(*(one.says("provider_paused") for one in running.values()))
        heard = time.monotonic()
        await until(lambda: sum('"status": "success"' in line for line in said(running)) == 3)
        after = [at for at in call_times(calls) if at > heard]
        print(f"\nheard after {heard - refused:.3f} s; called again after {after[0] - refused:.2f} s")
        assert heard - refused < 2
        assert refused + 2.9 < after[0] < refused + 6
        assert most_in_a_window(call_times(calls), 1.0) <= 10
        state = await tally(environment, fleet, "b1")
    assert state.phase is BatchPhase.DONE
    ends = {story.position: story.event for story in state.stories.values()}
    refused_end = ends[3]
    assert isinstance(refused_end, StorySucceeded)
    assert refused_end.attempt == 1
    assert refused_end.run >= 1


async def test_starts_of_stories_are_limited_without_help_of_the_orchestrator(
    settings: Settings, environment: Env, tmp_path: Path
) -> None:
    calls, rates = tmp_path / "calls", "stories=2/2s"
    async with limited(settings, rates) as fleet, workers(environment, rates, "w1", "w2") as running:
        await publish(fleet, *(a_story(n, calls) for n in range(1, 7)))
        await until(lambda: sum("story_ended" in line for line in said(running)) == 6)
        state = await tally(environment, fleet, "b1")
    ends = [story.event for story in state.stories.values()]
    starts = [
        end.started_at.timestamp() for end in ends if isinstance(end, StorySucceeded) and end.started_at
    ]
    assert len(starts) == 6
    assert most_in_a_window(starts, 2.0) <= 2


async def test_a_worker_that_starts_later_knows_the_pause_of_a_provider_without_limit(
    settings: Settings,
) -> None:
    async with open_publisher(settings, "test", patience=10) as publisher:
        async with open_fleet_limiter(settings, publisher, "first") as first:
            await first.acquire(FREE)
            await first.pause(FREE, utc_now() + timedelta(seconds=60))
            assert first.paused_s(FREE) > 50
        async with open_fleet_limiter(settings, publisher, "later") as later:
            await until(lambda: later.paused_s(FREE) > 50)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(later.acquire(FREE), 0.3)
            await later.acquire("another")


async def test_calls_of_one_worker_are_granted_in_their_order_and_spaced(settings: Settings) -> None:
    granted: list[tuple[int, float]] = []

    async def call(limiter: FleetLimiter, number: int) -> None:
        await limiter.acquire("gemini")
        granted.append((number, time.monotonic()))

    async with (
        limited(settings, FAST) as fleet,
        open_publisher(fleet, "test", patience=10) as publisher,
        open_fleet_limiter(fleet, publisher, "test") as limiter,
    ):
        await asyncio.gather(*(call(limiter, number) for number in range(12)))
    assert [number for number, _ in granted] == list(range(12))
    assert most_in_a_window([at for _, at in granted], 1.0) <= 10


async def test_tokens_come_again_after_the_connection_was_lost(settings: Settings) -> None:
    async with (
        limited(settings, FAST) as fleet,
        open_proxy(fleet.amqp_url.get_secret_value()) as (proxy, proxied),
        open_publisher(fleet, "test", patience=10) as publisher,
    ):
        through = fleet.model_copy(update={"amqp_url": type(fleet.amqp_url)(proxied)})
        async with open_fleet_limiter(through, publisher, "test") as limiter:
            await limiter.acquire("gemini")
            proxy.reset()
            async with asyncio.timeout(40):
                await limiter.acquire("gemini")


async def test_a_new_leader_knows_when_the_last_token_of_a_long_interval_was_given(
    settings: Settings,
) -> None:
    async with (
        limited(settings, "gemini=60/hour") as fleet,
        open_publisher(fleet, "test", patience=10) as publisher,
    ):
        async with open_fleet_limiter(fleet, publisher, "first") as first:
            async with asyncio.timeout(10):  # no token was issued before, so it does not wait for an interval
                await first.acquire("gemini")
        async with open_fleet_limiter(fleet, publisher, "second") as second:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(5):
                    await second.acquire("gemini")


async def test_a_token_that_nobody_waits_for_is_not_kept(settings: Settings) -> None:
    async with limited(settings, FAST) as fleet:
        names = Names(fleet.namespace)
        connection = await aio_pika.connect(fleet.amqp_urls[0])
        async with connection:
            channel = await connection.channel()
            exchange = await channel.get_exchange(names.tokens)
            await exchange.publish(aio_pika.Message(b""), "gemini")
        (info,) = await topology.inspect(fleet, [names.token_queue("gemini")])
    assert info.messages == 0
