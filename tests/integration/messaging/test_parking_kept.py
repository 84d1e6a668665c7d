"""Stories that are parked in a queue made just now, and a broker that is killed right after that."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gt_common.messages import decode_story
from gt_common.messaging.browse import browse
from gt_common.messaging.names import Names
from gt_common.messaging.parking import empty_parking, make_parking
from gt_common.messaging.publisher import open_publisher
from gt_common.messaging.topology import declare
from gt_common.settings import Settings
from support.broker.node import PrivateNode, needs_rabbitmq
from support.fakes.worker import message
from support.waiting import until

pytestmark = [pytest.mark.broker, needs_rabbitmq]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateNode]:
    """Yield a node of this module's own, which it may kill."""
    with PrivateNode.start(tmp_path_factory.mktemp("broker")) as started:
        yield started


@pytest.fixture(scope="module")
def amqp_url(node: PrivateNode) -> str:
    """Replace the shared broker by this node."""
    return node.amqp_url


@pytest.mark.timeout(120)
async def test_a_story_in_a_queue_made_just_now_survives_the_brokers_death(
    node: PrivateNode, settings: Settings
) -> None:
    await declare(settings)
    story = message()
    async with open_publisher(settings, "test", 20.0) as publisher:
        await make_parking(settings, "b", 1)
        assert await publisher.park(story, 1)
        node.kill()
    await until(node.port_is_free)
    node.restart()
    queue = Names(settings.namespace).parked_queue("b", 1)
    async with open_publisher(settings, "test", 20.0) as publisher:
        assert await empty_parking(settings, queue, publisher) == 1
    stories = Names(settings.namespace).stories
    async with browse(settings, stories, "test") as deliveries:
        assert [decode_story(delivery.body) for delivery in deliveries] == [story]
