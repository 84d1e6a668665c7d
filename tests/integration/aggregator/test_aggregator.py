"""gt-aggregate on a real broker: killed, disconnected, stopped; every result counts once."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
from aio_pika import Message
from pydantic import SecretStr

import support.programs.killed_aggregator as killed_aggregator
from gt_common.ledger import Ledger, open_ledger
from gt_common.lifecycle import BatchPhase, StoryStatus, fold
from gt_common.messages import (
    AttemptError,
    BatchOpened,
    Event,
    StoryFailed,
    StoryMessage,
    StoryStarted,
    StorySucceeded,
)
from gt_common.messaging import topology
from gt_common.messaging.browse import browse
from gt_common.messaging.connection import open_connection
from gt_common.messaging.delivery import Delivery
from gt_common.messaging.follow import follow
from gt_common.messaging.names import Names
from gt_common.messaging.publisher import Publisher, open_publisher
from gt_common.messaging.subscription import subscribe
from gt_common.settings import Settings
from gt_consumer.aggregator.aggregator import Aggregator
from support.broker.tcp_proxy import open_proxy
from support.samples.events import BATCH, opened, story_event
from support.waiting import until

pytestmark = pytest.mark.broker

COMMAND = str(Path(sys.executable).with_name("gt-aggregate"))
DEADLINE_S = 60


def story(number: int) -> StoryMessage:
    """Return a story message that matches the events of these tests."""
    url = f"https://www.reddit.com/comments/{number}/"
    return StoryMessage(
        batch_id=BATCH, story_id=f"story-{number}", position=number, url=url, canonical_url=url
    )


def made(count: int) -> list[Event]:
    """Return the events of a batch whose stories all succeed."""
    numbers = range(1, count + 1)
    return [
        opened(count),
        *(story_event(StoryStarted, number, 1) for number in numbers),
        *(story_event(StorySucceeded, number, 2) for number in numbers),
    ]


async def publish(publisher: Publisher, events: Sequence[Event]) -> None:
    """Publish events, all at once."""
    await asyncio.gather(*(publisher.event(event) for event in events))


async def run(environment: dict[str, str], *command: str) -> tuple[int, str]:
    """Run a program to its end. Return its exit code and its standard error."""
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL
    )
    async with asyncio.timeout(DEADLINE_S):
        _, said = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def waiting(settings: Settings, queue: str) -> int | None:
    """Return the number of messages that are ready in a queue."""
    (info,) = await topology.inspect(settings, [queue])
    return info.messages


async def test_everything_that_waits_is_taken_in_and_acked(
    settings: Settings, environment: dict[str, str]
) -> None:
    names = Names(settings.namespace)
    failure = story_event(StoryFailed, 4)
    assert isinstance(failure, StoryFailed)
    error = AttemptError(failure=failure.failure, generation=1, attempt=1, ended_at=failure.at)
    events = made(3)
    async with open_publisher(settings, "test", patience=10) as publisher:
        await publish(publisher, [*events, *events])
        await publisher.dead_letter(story(4).dead(error))
        # Of a known type in a version that this program cannot read.
        await publisher.event(opened(1).model_copy(update={"v": 2}))
    code, said = await run(environment, COMMAND, "--until-idle")
    assert code == 0, said
    with open_ledger(settings.ledger) as ledger:
        state = ledger.batch(BATCH)
        assert state.counts[StoryStatus.SUCCESS] == 3
        assert state.counts[StoryStatus.FAILED] == 1
        assert state.phase is BatchPhase.DONE_WITH_FAILURES
        (failed,) = ledger.failed(batch_id=BATCH)
        assert failed.letter == story(4).dead(error).model_copy(
            update={"published_at": failed.letter and failed.letter.published_at}
        )
    async with browse(settings, names.results_dlq, "test") as aside:
        assert [delivery.body.count(b'"v":2') for delivery in aside] == [1]
    assert await waiting(settings, names.ledger_queue) == 0


async def test_killed_between_commit_and_ack_it_counts_nothing_twice(
    settings: Settings, environment: dict[str, str]
) -> None:
    events = made(5)
    async with open_publisher(settings, "test", patience=10) as publisher:
        await publish(publisher, events)
    code, said = await run(environment, sys.executable, killed_aggregator.__file__)
    assert code == -signal.SIGKILL, said
    with open_ledger(settings.ledger) as ledger:
        assert ledger.version() == 1
        before = ledger.batches()
    code, said = await run(environment, COMMAND, "--until-idle")
    assert code == 0, said
    with open_ledger(settings.ledger) as ledger:
        assert ledger.batch(BATCH) == fold(BATCH, events)
        assert len(ledger.attempts(BATCH)) == 5
        assert ledger.batches()[0].total == before[0].total == 5
    assert await waiting(settings, Names(settings.namespace).ledger_queue) == 0


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 143)]
)
async def test_a_signal_ends_it_once_its_group_is_in(
    settings: Settings, environment: dict[str, str], number: signal.Signals, code: int
) -> None:
    process = await asyncio.create_subprocess_exec(
        COMMAND, env=environment, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL
    )
    assert process.stderr is not None
    async with asyncio.timeout(DEADLINE_S):
        assert b"aggregator_started" in await process.stderr.readline()
        async with open_publisher(settings, "test", patience=10) as publisher:
            await publish(publisher, made(2))
        with open_ledger(settings.ledger) as ledger:
            await until(lambda: ledger.version() > 0)
        process.send_signal(number)
        await process.communicate()
    assert process.returncode == code
    code, said = await run(environment, COMMAND, "--until-idle")
    assert code == 0, said
    with open_ledger(settings.ledger) as ledger:
        assert ledger.batch(BATCH).phase is BatchPhase.DONE


async def test_it_goes_on_after_the_connection_broke(settings: Settings) -> None:
    queue = Names(settings.namespace).ledger_queue
    events = made(20)
    with open_ledger(settings.ledger) as ledger:
        async with (
            open_proxy(settings.amqp_url.get_secret_value()) as (proxy, url),
            open_publisher(settings, "test", patience=10) as publisher,
        ):
            cut = settings.model_copy(update={"amqp_url": SecretStr(url)})
            aggregator = Aggregator(ledger.apply, publisher, group=5)
            async with subscribe(cut, queue, 5, aggregator.receive, "test"):
                work = asyncio.create_task(aggregator.run())
                await publish(publisher, events[:10])
                await until(lambda: ledger.version() > 0)
                proxy.reset()
                await publish(publisher, events[10:])
                await until(lambda: _all_made(ledger, 20))
                aggregator.stop()
                await work
        assert ledger.batch(BATCH) == fold(BATCH, events)


async def test_a_story_that_the_broker_gave_up_on_is_counted_and_told(settings: Settings) -> None:
    names = Names(settings.namespace)
    news = follow(settings, BATCH)
    assert await anext(news) is None
    with open_ledger(settings.ledger) as ledger:
        async with open_publisher(settings, "test", patience=10) as publisher:
            await publisher.story(story(1))
            await _die_with_it(settings, names)
            aggregator = Aggregator(ledger.apply, publisher)
            async with subscribe(settings, names.ledger_queue, 10, aggregator.receive, "test"):
                work = asyncio.create_task(aggregator.run())
                await until(ledger.failed)
                aggregator.stop()
                await work
        (failed,) = ledger.failed(batch_id=BATCH)
    assert "delivery_limit" in failed.failure.message
    assert failed.letter is not None
    async with asyncio.timeout(DEADLINE_S):
        told = await anext(news)
    await news.aclose()
    assert isinstance(told, StoryFailed)
    assert told.event_id == failed.event_id


async def test_an_event_of_a_newer_version_is_taken_in_and_followers_pass_over_it(
    settings: Settings, environment: dict[str, str]
) -> None:
    names = Names(settings.namespace)
    news = follow(settings, BATCH)
    assert await anext(news) is None
    strange = f'{{"v":2,"type":"story.paused","batch_id":"{BATCH}"}}'.encode()
    channel_of = await open_connection(settings, "test")
    async with channel_of, await channel_of.channel() as channel:
        results = await channel.get_exchange(names.results, ensure=False)
        await results.publish(Message(strange), f"{BATCH}.story.paused")
    async with open_publisher(settings, "test", patience=10) as publisher:
        await publish(publisher, [opened(1), story_event(StorySucceeded)])
    code, said = await run(environment, COMMAND, "--until-idle")
    assert code == 0, said
    assert '"unknown": 1' in said
    assert '"malformed": 0' in said
    assert await waiting(settings, names.results_dlq) == 0
    with open_ledger(settings.ledger) as ledger:
        assert ledger.batch(BATCH).phase is BatchPhase.DONE
    async with asyncio.timeout(DEADLINE_S):
        assert [type(await anext(news)) for _ in range(2)] == [BatchOpened, StorySucceeded]
    await news.aclose()


async def test_a_ledger_that_cannot_be_opened_is_one_line_and_exit_code_3(
    environment: dict[str, str], tmp_path: Path
) -> None:
    code, said = await run(environment | {"GT_LEDGER_URL": f"sqlite:///{tmp_path}"}, COMMAND)
    assert code == 3
    assert said.startswith("gt-aggregate: the ledger ")
    assert said.count("\n") == 1


def _all_made(ledger: Ledger, count: int) -> bool:
    return ledger.batch(BATCH).counts[StoryStatus.SUCCESS] == count


async def _die_with_it(settings: Settings, names: Names) -> None:
    """Take the story and disconnect without an ack, until the broker gives up on it."""
    while await waiting(settings, names.dlq) == 0:
        arrived: asyncio.Queue[Delivery] = asyncio.Queue()
        async with subscribe(settings, names.stories, 1, arrived.put_nowait, "test"):
            taken = asyncio.create_task(arrived.get())
            await until(partial(_taken_or_dead, settings, names, taken))
            taken.cancel()


async def _taken_or_dead(settings: Settings, names: Names, taken: asyncio.Task[Delivery]) -> bool:
    return taken.done() or await waiting(settings, names.dlq) != 0
