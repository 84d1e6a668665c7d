"""The ladder of wait queues, followed as the broker would: each message waits the sum of its digits."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gt_common.messages import Priority, StoryMessage
from gt_common.messaging.ladder import (
    LEVELS,
    LONGEST_S,
    entry,
    ladder_end,
    ladder_exchanges,
    ladder_queues,
)
from gt_common.messaging.names import STORY_KEY, Names
from gt_common.messaging.priorities import PROPERTY, ready_priority, said_priorities, waiting_priority

NAMES = Names("gt")
QUEUES = {spec.name: spec for spec in ladder_queues(NAMES)}
END = ladder_end(NAMES)
STORY = StoryMessage(
    batch_id="b", story_id="s", position=1, url="https://redd.it/1", canonical_url="https://redd.it/1"
)


def fits(pattern: str, key: str) -> bool:
    """Whether a topic exchange routes a key by a pattern without `#`."""
    words, wanted = key.split("."), pattern.split(".")
    return len(words) == len(wanted) and all(
        one in ("*", word) for one, word in zip(wanted, words, strict=True)
    )


ROUTES = [
    *(
        (spec.name, pattern, ("exchange", target))
        for spec in ladder_exchanges(NAMES)
        for target, pattern in spec.leads_to
    ),
    *(
        (source, pattern, ("queue", spec.name))
        for spec in QUEUES.values()
        for source, pattern in spec.bindings
    ),
    (*END, ("queue", NAMES.stories)),
]


def follow(exchange: str, key: str) -> list[int]:
    """Return the times of the queues, in seconds, through which a message reaches the story queue."""
    waits: list[int] = []
    while exchange != NAMES.stories:
        ((kind, target),) = [
            to for source, pattern, to in ROUTES if source == exchange and fits(pattern, key)
        ]
        if kind == "exchange" or target == NAMES.stories:
            exchange = target
            continue
        arguments = QUEUES[target].arguments
        waits.append(int(arguments["x-message-ttl"]) // 1000)
        exchange = str(arguments["x-dead-letter-exchange"])
        # The digits are kept down to the end.
        assert arguments.get("x-dead-letter-routing-key") == (
            STORY_KEY if exchange == NAMES.stories else None
        )
    return waits


@given(st.integers(1, LONGEST_S))
@example(1)
@example(LONGEST_S)
@example(2**21)
def test_a_message_waits_the_sum_of_its_digits_each_queue_once(seconds: int) -> None:
    exchange, key = entry(NAMES, seconds)
    waits = follow(exchange, key)
    assert sum(waits) == seconds
    assert len(set(waits)) == len(waits), "RabbitMQ drops a message that dies twice in one queue"
    assert waits[0] * 2 > seconds, "it begins at its first digit"


@pytest.mark.parametrize(
    ("delay_s", "seconds"), [(0.0, 1), (-5.0, 1), (0.2, 1), (1.01, 2), (3.0, 3), (1e9, LONGEST_S)]
)
def test_a_wait_is_never_too_short(delay_s: float, seconds: int) -> None:
    _, key = entry(NAMES, delay_s)
    assert int(key.replace(".", ""), 2) == seconds


def test_the_ladder_is_long_enough_and_loses_nothing() -> None:
    assert LONGEST_S > 30 * 86400
    assert len(QUEUES) == len(ladder_exchanges(NAMES)) == LEVELS
    for spec in QUEUES.values():
        assert spec.arguments["x-dead-letter-strategy"] == "at-least-once"
        assert spec.arguments["x-overflow"] == "reject-publish"
        assert spec.arguments["x-queue-type"] == "quorum"


@pytest.mark.parametrize(
    ("version", "ready", "waiting"),
    [((3, 10), 9, 9), ((3, 13), 9, 9), ((4, 0), 9, 4), ((4, 2), 9, 4), ((4, 3), 9, 9), ((5, 0), 9, 9)],
)
def test_a_wait_queue_of_two_levels_has_stories_of_one(
    version: tuple[int, int], ready: int, waiting: int
) -> None:
    urgent = STORY.model_copy(update={"priority": Priority.HIGH})
    assert (ready_priority(urgent), waiting_priority(urgent, version)) == (ready, waiting)
    assert ready_priority(STORY) == waiting_priority(STORY, version) == 4
    assert said_priorities(version)


def test_of_two_levels_only_high_is_the_upper_one() -> None:
    assert [number > 4 for number in PROPERTY.values()] == [True, False, False]
    assert PROPERTY[Priority.HIGH] > PROPERTY[Priority.NORMAL] > PROPERTY[Priority.LOW]
