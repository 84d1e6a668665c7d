"""The JSON Schemas accept what our programs publish, and nothing that a worker or the aggregator refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache

import pytest
from jsonschema import Draft202012Validator

from gt_common.errors import MalformedMessageError, UsageError
from gt_common.failures import Failure
from gt_common.messages import (
    AttemptError,
    BatchPaused,
    BatchResumed,
    BatchSealed,
    BatchStories,
    Event,
    FleetPaused,
    FleetResumed,
    Replay,
    Restore,
    StoryEvent,
    StoryFailed,
    StoryMessage,
    StorySpent,
    StoryStarted,
    decode_event,
    decode_story,
    encode,
)
from gt_common.messages.schema import EVENT, NAMES, STORY, schema_of
from gt_common.topology.command import print_schema
from support.samples.events import (
    BATCH,
    NOON,
    STORY_EVENTS,
    entry,
    fleet_hold,
    hold,
    letter,
    opened,
    spent,
    story_event,
)

Json = dict[str, object]

ODD: tuple[object, ...] = (
    *(None, True, -1, 0, 1.5, 10**7, [], {}, [1], {"a": 1}),
    *("", " ", "x" * 5000, "a b", "--exec=x", "ftp://host/", "https://host/a b", "file:///a\tb", "../../etc"),
    *("2026-03-01T12:00:00", "2026-13-01T12:00:00Z", "2026-03-01T25:00:00Z", "soon"),
)


@cache
def validator(name: str) -> Draft202012Validator:
    """Return the validator for one of the schemas."""
    schema = schema_of(name)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def published() -> Iterator[tuple[str, Event | StoryMessage]]:
    """Yield messages as our programs publish them, with the name of their schema."""
    error = AttemptError(
        failure=Failure(type="TimeoutError", message="the voice took over 30 s", causes=("OSError: x",)),
        generation=1,
        attempt=1,
        worker="w1",
        ended_at=NOON,
    )
    story = letter()
    yield STORY, story
    yield STORY, story.dead(error)
    yield STORY, story.replayed(Replay(at=NOON, by="ann", options={"voice": None}), fresh=True)
    yield STORY, story.brought_back(Restore(at=NOON, by="ann", reason="too early"))
    yield STORY, story.put_off("gemini", NOON)
    listed = BatchStories(batch_id=BATCH, stories=(entry(1), entry(2, title="Two")))
    for event in (
        opened(3),
        listed,
        BatchSealed(batch_id=BATCH),
        hold(BatchPaused),
        hold(BatchResumed),
        fleet_hold(FleetPaused, reason="the disk is full"),
        fleet_hold(FleetResumed),
        spent(),
        *(story_event(kind) for kind in STORY_EVENTS),
    ):
        yield event.type, event


PUBLISHED = tuple(published())
IDS = [name for name, _ in PUBLISHED]


def mutations(message: Event | StoryMessage) -> Iterator[Json]:
    """Yield a message without each of its fields, and with odd values in each.

    Fields that all events of stories have are tried in one of them.
    """
    whole: Json = json.loads(encode(message))
    fields = {*whole, *type(message).model_fields}
    if isinstance(message, StoryEvent | StorySpent) and not isinstance(message, StoryStarted):
        fields -= set(StoryStarted.model_fields) - {"type", "v"}
    for field in sorted(fields):
        yield {name: value for name, value in whole.items() if name != field}
        for odd in ODD:
            yield whole | {field: odd}


@pytest.mark.parametrize(("name", "message"), PUBLISHED, ids=IDS)
def test_what_is_published_is_valid(name: str, message: Event | StoryMessage) -> None:
    validator(name).validate(json.loads(encode(message)))
    if name != STORY:
        validator(EVENT).validate(json.loads(encode(message)))


def test_every_type_of_event_was_tried() -> None:
    assert set(IDS) | {EVENT} == set(NAMES)


@pytest.mark.parametrize(("name", "message"), PUBLISHED[4:], ids=IDS[4:])
def test_what_is_refused_is_not_valid(name: str, message: Event | StoryMessage) -> None:
    decode = decode_story if name == STORY else decode_event
    refused = 0
    for changed in mutations(message):
        body = json.dumps(changed).encode()
        try:
            decode(body)
        except MalformedMessageError:
            refused += 1
            assert not validator(name).is_valid(changed), changed
    assert refused > 10


@pytest.mark.parametrize("type_", [None, "story", "story.exploded"])
def test_an_event_without_a_known_type_is_not_valid(type_: str | None) -> None:
    event = json.loads(encode(story_event(StoryFailed)))
    assert not validator(EVENT).is_valid(event | {"type": type_})
    del event["type"]
    assert not validator(EVENT).is_valid(event)


def test_a_failure_without_a_message_is_not_valid() -> None:
    event = json.loads(encode(story_event(StoryFailed)))
    del event["failure"]["message"]
    assert not validator(EVENT).is_valid(event)


def test_fields_of_later_versions_are_valid() -> None:
    validator(STORY).validate(json.loads(encode(letter())) | {"priority": "high"})


def test_the_command_prints_it_and_names_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_schema("batch.opened") == 0
    assert json.loads(capsys.readouterr().out)["required"] == ["batch_id", "type", "total"]
    with pytest.raises(UsageError, match=r"story, event, batch\.opened"):
        print_schema("letter")
