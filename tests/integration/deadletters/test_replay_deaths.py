"""gt-dlq replay that ends halfway, at each step and at random: nothing is lost."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from gt_common.messages import (
    Event,
    StoryMessage,
    StoryRequeued,
    decode_story,
)
from gt_common.messaging.names import Names
from gt_common.messaging.publisher import Publisher
from gt_common.settings import Settings
from gt_consumer.deadletters.orders import Order, Step
from gt_consumer.deadletters.replay import replay
from gt_consumer.deadletters.selection import Selection
from gt_consumer.deadletters.sweep import AT_ONCE
from support.dead_letter_queue import Died, bury, depth, gt_dlq, look, positions, ready, start, take
from support.samples.dead_letters import make_letter
from support.waiting import until

pytestmark = pytest.mark.broker


@pytest.mark.parametrize("moment", ["before the story", "after the story", "after the event"])
async def test_a_replay_that_ends_between_two_steps_leaves_the_letter_in_its_place(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    names = Names(settings.namespace)
    await bury(settings, [make_letter(position) for position in range(1, 5)])
    publish_story, publish_event = Publisher.story, Publisher.event

    async def story(self: Publisher, message: StoryMessage) -> None:
        if (message.position, moment) == (2, "before the story"):
            raise Died
        await publish_story(self, message)
        if (message.position, moment) == (2, "after the story"):
            raise Died

    async def event(self: Publisher, event: Event) -> None:
        await publish_event(self, event)
        if moment == "after the event" and isinstance(event, StoryRequeued) and event.position == 2:
            raise Died

    monkeypatch.setattr(Publisher, "story", story)
    monkeypatch.setattr(Publisher, "event", event)
    steps: list[Step] = []
    with pytest.raises(Died):
        await replay(settings, Order(Selection(), None, "me@here", None), steps.append)
    assert {step.generation for step in steps} <= {2}
    # Letters of one group are handled together, so that others may have passed the one that failed.
    done = {step.story_id for step in steps}
    left = [position for position in range(1, 5) if make_letter(position).story_id not in done]
    assert 2 in left
    await ready(settings, names.dlq, len(left))
    assert positions(await look(settings, names.dlq)) == left
    sent = {1, 2, 3, 4}.difference(left) | (set() if moment == "before the story" else {2})
    assert sorted(positions(await look(settings, names.stories))) == sorted(sent)


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_replay_killed_at_random_loses_nothing_and_sends_few_twice(
    settings: Settings, environment: dict[str, str], seed: int
) -> None:
    names, total, kills = Names(settings.namespace), 200, 0
    chance = random.Random(seed)  # noqa: S311 - a repeatable choice of moments
    await bury(settings, [make_letter(position) for position in range(1, total + 1)])

    async def all_there() -> bool:
        return await depth(settings, names.stories) + await depth(settings, names.dlq) >= total

    for _ in range(4):
        sent = await depth(settings, names.stories)
        if sent > total - 40:
            break
        mark = chance.randrange(sent + 1, sent + 40)
        process = await start(environment, "replay", "--batch", "b1")

        async def passed(mark: int = mark) -> bool:
            return await depth(settings, names.stories) >= mark

        await until(passed, every=0.005)
        process.kill()
        await process.communicate()
        kills += process.returncode == -9
        await until(all_there)
    left = positions(await look(settings, names.dlq))
    assert left == sorted(left), "the rest is in order"

    async def finished() -> bool:
        await gt_dlq(environment, "replay", "--batch", "b1")
        return await depth(settings, names.dlq) == 0

    await until(finished, deadline=60)
    stories = [decode_story(delivery.body) for delivery in await take(settings, names.stories)]
    assert {story.generation for story in stories} == {2}
    copies = Counter(story.position for story in stories)
    assert set(copies) == set(range(1, total + 1)), "none is lost"
    assert len(stories) - total <= kills * AT_ONCE
    assert kills >= 1, "at least one was killed at work"
