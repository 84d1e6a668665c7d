"""What brokers and operators do to stories: policies that drop them, a shovel that moves their letters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import aio_pika
import pytest

from gt_common.lifecycle import StoryStatus
from gt_common.messages import StoryFailed
from gt_common.messaging import topology
from gt_common.messaging.connection import connect
from gt_common.messaging.names import STORY_KEY, Names
from gt_common.settings import Settings
from support.broker.node import PrivateNode, needs_rabbitmq
from support.dead_letter_queue import gt_dlq, ready
from support.fleet import publish, read_runs, scripted_story, tally, worker
from support.unique import unique

if TYPE_CHECKING:
    from pamqp.common import FieldTable

pytestmark = [pytest.mark.broker, needs_rabbitmq]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateNode]:
    """Yield a node of this module's own: a change of policies looks at all queues of a broker."""
    with PrivateNode.start(tmp_path_factory.mktemp("broker")) as started:
        yield started


@pytest.fixture(scope="module")
def amqp_url(node: PrivateNode) -> str:
    """Replace the shared broker by this node."""
    return node.amqp_url


@pytest.fixture
def policy(node: PrivateNode, settings: Settings) -> Iterator[None]:
    """Remove the test's policy at its end."""
    yield
    node.ctl("clear_policy", settings.namespace)


def set_policy(node: PrivateNode, settings: Settings, queue: str, **definition: object) -> None:
    pattern = f"^{queue}$".replace(".", r"\.")
    node.ctl("set_policy", settings.namespace, pattern, json.dumps(definition), "--apply-to", "queues")


async def failure_of(environment: dict[str, str], settings: Settings, batch: str) -> StoryFailed:
    state = await tally(environment, settings, batch)
    [story] = state.stories.values()
    assert story.status is StoryStatus.FAILED
    assert isinstance(story.event, StoryFailed)
    return story.event


@pytest.mark.usefixtures("policy")
async def test_a_story_that_a_policy_expired_is_reported_so_and_can_be_replayed(
    node: PrivateNode, settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    set_policy(node, settings, Names(settings.namespace).stories, **{"message-ttl": 300})
    await publish(settings, scripted_story("b1", 1, tmp_path / "runs"))
    await ready(settings, Names(settings.namespace).dlq, 1)
    failed = await failure_of(environment, settings, "b1")
    assert failed.failure.type == "StoryExpired"
    assert "expired in its queue before a worker took it" in failed.failure.message
    shown = json.loads((await gt_dlq(environment, "list", "--json")).out)
    assert [(row["error_type"], row["attempts"]) for row in shown["letters"]] == [("StoryExpired", 0)]
    node.ctl("clear_policy", settings.namespace)
    node.ctl("set_policy", settings.namespace, "^nothing$", '{"message-ttl": 1}')
    assert (await gt_dlq(environment, "replay", "--error", "StoryExpired")).code == 0
    async with worker(environment, "--until-empty") as running:
        assert await running.ends() == 0
    state = await tally(environment, settings, "b1")
    assert [story.status for story in state.stories.values()] == [StoryStatus.SUCCESS]


async def test_a_message_that_expired_by_itself_is_reported_so(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    story = scripted_story("b1", 1, tmp_path / "runs")
    async with connect(settings, "test") as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange(Names(settings.namespace).stories, ensure=False)
        body = story.model_dump_json().encode()
        await exchange.publish(aio_pika.Message(body, expiration=0.2), STORY_KEY)
    await ready(settings, Names(settings.namespace).dlq, 1)
    assert (await failure_of(environment, settings, "b1")).failure.type == "StoryExpired"


async def test_a_story_that_another_consumer_rejected_is_reported_so(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    names = Names(settings.namespace)
    await publish(settings, scripted_story("b1", 1, tmp_path / "runs"))
    async with connect(settings, "test") as connection:
        channel = await connection.channel()
        queue = await channel.get_queue(names.stories, ensure=False)
        message = await queue.get(timeout=5)
        assert message is not None
        await message.reject(requeue=False)
    await ready(settings, names.dlq, 1)
    assert (await failure_of(environment, settings, "b1")).failure.type == "StoryRejected"


async def test_a_story_that_a_full_queue_dropped_is_reported_so(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    """Only a queue that somebody declared otherwise drops stories: the fleet's own refuses new ones."""
    names = Names(settings.namespace)
    async with connect(settings, "test") as connection:
        channel = await connection.channel()
        await channel.queue_delete(names.stories)
        ours = next(queue for queue in topology.topology(settings).queues if queue.name == names.stories)
        arguments: FieldTable = {
            **ours.arguments,
            "x-overflow": "drop-head",
            "x-dead-letter-strategy": "at-most-once",
            "x-max-length": 1,
        }
        queue = await channel.declare_queue(names.stories, durable=True, arguments=arguments)
        await queue.bind(names.stories, STORY_KEY)
    runs = tmp_path / "runs"
    await publish(settings, scripted_story("b1", 1, runs), scripted_story("b1", 2, runs))
    await ready(settings, names.dlq, 1)
    state = await tally(environment, settings, "b1")
    events = [story.event for story in state.stories.values()]
    assert [event.failure.type for event in events if isinstance(event, StoryFailed)] == ["QueueLimitReached"]


@pytest.fixture
def shovel(node: PrivateNode) -> str:
    """Return the name for a shovel; the plugin comes with RabbitMQ and is off by default."""
    file = node.directory / "enabled_plugins"
    file.write_text("[rabbitmq_shovel].\n", encoding="ascii")
    node.ctl("eval", f'rabbit_plugins:ensure("{file}").')
    return unique("s")


async def test_dead_letters_that_a_shovel_moves_to_a_living_worker_are_tried_again(
    node: PrivateNode, settings: Settings, environment: dict[str, str], tmp_path: Path, shovel: str
) -> None:
    names, runs = Names(settings.namespace), tmp_path / "runs"
    async with worker(environment) as running:
        await publish(settings, scripted_story("b1", 1, runs, do="permanent_once"))
        await ready(settings, names.dlq, 1)
        assert (await failure_of(environment, settings, "b1")).generation == 1
        move = {
            "src-protocol": "amqp091",
            "src-uri": "amqp://",
            "src-queue": names.dlq,
            "dest-protocol": "amqp091",
            "dest-uri": "amqp://",
            "dest-queue": names.stories,
            "src-delete-after": "queue-length",
            "ack-mode": "on-confirm",
        }
        node.ctl("set_parameter", "shovel", shovel, json.dumps(move))
        await running.says("moved_letter_replayed")
        await running.says('"status": "success"')
    state = await tally(environment, settings, "b1")
    [story] = state.stories.values()
    assert (story.status, story.event and story.event.generation) == (StoryStatus.SUCCESS, 2)
    assert len(read_runs(runs)) == 2
