"""Publishing in both ways, one by one and many in one write, to compare them under faults."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import aclosing

from gt_common.messages import StoryMessage, decode_story
from gt_common.messaging.browse import browse
from gt_common.messaging.names import Names
from gt_common.messaging.publisher import Publisher
from gt_common.settings import Settings

Way = Callable[[Publisher, Iterable[StoryMessage], list[str]], Awaitable[None]]
"""Publishes messages and adds the id of each to the list when it is confirmed."""

_TASKS = 50


async def one_by_one(publisher: Publisher, messages: Iterable[StoryMessage], confirmed: list[str]) -> None:
    """Publish each message by itself, many at a time."""
    shared = iter(messages)

    async def work() -> None:
        for message in shared:
            await publisher.story(message)
            confirmed.append(message.story_id)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(_TASKS):
                group.create_task(work())
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def many_in_one_write(
    publisher: Publisher, messages: Iterable[StoryMessage], confirmed: list[str]
) -> None:
    """Publish all messages through the pipeline."""
    async with aclosing(publisher.many(messages)) as groups:
        async for group in groups:
            confirmed += [message.story_id for message in group if isinstance(message, StoryMessage)]


WAYS: dict[str, Way] = {"one by one": one_by_one, "many in one write": many_in_one_write}


def numbered_stories(count: int) -> list[StoryMessage]:
    """Return messages of stories whose ids are their numbers."""
    return [
        StoryMessage(
            batch_id="b1",
            story_id=f"{number:016x}",
            position=number,
            url=f"https://redd.it/s{number}",
            canonical_url=f"https://www.reddit.com/comments/s{number}/",
            options={"voice": "wärm"} if number % 2 else {},
        )
        for number in range(1, count + 1)
    ]


def interrupted(
    messages: Iterable[StoryMessage], at: dict[int, Callable[[], object]]
) -> Iterator[StoryMessage]:
    """Yield messages; before the one at an index something happens."""
    for number, message in enumerate(messages):
        if number in at:
            at[number]()
        yield message


async def stories_in_queue(settings: Settings) -> list[StoryMessage]:
    """Return what is in the queue of stories; it stays there."""
    async with browse(settings, Names(settings.namespace).stories, "test") as held:
        return [decode_story(delivery.body) for delivery in held]
