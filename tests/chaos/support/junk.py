"""Messages that are neither stories nor events; each has a unique text by which it is recognised."""

from __future__ import annotations

import asyncio
import itertools
import json
import uuid
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import aio_pika
from aio_pika.abc import AbstractConnection

from gt_common.messaging.browse import browse
from gt_common.messaging.connection import connect, plain_errors
from gt_common.messaging.names import STORY_KEY, Names
from gt_common.settings import Settings

_PATIENCE_S = 20.0
_SHAPES = (
    "{{not json {}",
    '{{"v": 2, "x": "{}"}}',
    '{{"v": 1, "batch_id": "../../{}"}}',
    '["{}"]',
    "[" * 5000 + "{}",
)


@dataclass
class Junk:
    """What the broker confirmed in the exchanges of stories and of results, and what was sent."""

    stories: list[bytes] = field(default_factory=list)
    results: list[bytes] = field(default_factory=list)
    tried: set[bytes] = field(default_factory=set)


@dataclass(frozen=True)
class Aside:
    """What was put aside: how often each body is in its queue."""

    stories: Counter[bytes]
    results: Counter[bytes]


async def send_junk(settings: Settings, junk: Junk, *, stories: int, results: int) -> None:
    """Send messages of every shape.

    Raises:
        BrokerUnreachableError: some are not confirmed
    """
    names, shapes = Names(settings.namespace), itertools.cycle(_SHAPES)
    async with connect(settings, "junk") as connection:
        with plain_errors("send junk"):
            await _send(connection, names, junk, shapes, stories, results)


async def _send(
    connection: AbstractConnection,
    names: Names,
    junk: Junk,
    shapes: Iterator[str],
    stories: int,
    results: int,
) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        channel = await connection.channel()
        for exchange, key, noted, count in (
            (names.stories, STORY_KEY, junk.stories, stories),
            (names.results, "b1.junk", junk.results, results),
        ):
            target = await channel.get_exchange(exchange, ensure=False)
            for shape in itertools.islice(shapes, count):
                body = shape.format(uuid.uuid4().hex).encode()
                mode = aio_pika.DeliveryMode.PERSISTENT
                junk.tried.add(body)
                await target.publish(aio_pika.Message(body, delivery_mode=mode), key)
                noted.append(body)


async def look_aside(settings: Settings) -> Aside:
    """Return what is in the two dead-letter queues and is not a story of the run."""
    names = Names(settings.namespace)
    found = [Counter[bytes](), Counter[bytes]()]
    for bodies, queue in zip(found, (names.dlq, names.results_dlq), strict=True):
        async with browse(settings, queue, "chaos") as deliveries:
            bodies.update(delivery.body for delivery in deliveries if not _has_story(delivery.body))
    return Aside(*found)


def lost_of(sent: Sequence[bytes], found: Counter[bytes]) -> list[bytes]:
    """Return what was sent and was not found."""
    return [body for body in sent if body not in found]


def strange_of(sent: Collection[bytes], found: Counter[bytes]) -> list[bytes]:
    """Return what was found and was not sent."""
    return [body for body in found if body not in sent]


def copies_of(found: Counter[bytes]) -> int:
    """Return how many of the messages are duplicates."""
    return found.total() - len(found)


def _has_story(body: bytes) -> bool:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(content, dict) and "story_id" in content
