"""The story of a message that cannot be read."""

from __future__ import annotations

import codecs
import gzip
import json

import pytest

from gt_common.errors import MalformedMessageError
from gt_common.messages import MAX_BODY, decode_story, encode
from gt_common.messaging.dead_letters import put_aside_event
from gt_common.messaging.salvage import salvage
from support.samples.dead_letters import Found, make_story

STORY = make_story(3)
SOUND = encode(STORY)
TEXT = SOUND.decode()


def without(*names: str, **changes: object) -> bytes:
    kept = {name: value for name, value in json.loads(SOUND).items() if name not in names}
    return json.dumps(kept | changes).encode()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(codecs.BOM_UTF8 + SOUND, id="byte-order mark"),
        pytest.param(gzip.compress(SOUND, mtime=0), id="gzip"),
        pytest.param(TEXT.encode("utf-16"), id="UTF-16"),
        pytest.param(TEXT.encode("utf-16-le"), id="UTF-16, little endian"),
        pytest.param(TEXT.encode("utf-16-be"), id="UTF-16, big endian"),
        pytest.param(without(v=2), id="another version"),
        pytest.param(without("canonical_url"), id="a field missing"),
        pytest.param(without(options=[]), id="a field of another type"),
    ],
)
def test_story_of_a_damaged_body_is_counted(body: bytes) -> None:
    with pytest.raises(MalformedMessageError):
        decode_story(body)
    event = put_aside_event(Found(body))
    assert event is not None
    assert (event.batch_id, event.story_id) == (STORY.batch_id, STORY.story_id)
    assert (event.position, event.url, event.generation) == (3, STORY.url, 1)
    assert event.failure.type == "MalformedMessage"
    assert event == put_aside_event(Found(body))


def test_headers_come_first_and_a_part_of_them_is_not_mixed_with_the_body() -> None:
    body = without(v=2)
    ours = {"gt-batch-id": "b9", "gt-story-id": "s9", "gt-generation": 4}
    named = put_aside_event(Found(body, headers=ours))
    assert named is not None
    assert (named.batch_id, named.story_id, named.generation) == ("b9", "s9", 4)
    part = put_aside_event(Found(body, headers={"gt-batch-id": "b9"}))
    assert part is not None
    assert part.batch_id == STORY.batch_id


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\x00\x01",
        b"[" * 100_000,
        b"[1]",
        gzip.compress(b"x" * 10, mtime=0)[:-12],
        gzip.compress(b'"' + b"x" * 50 * MAX_BODY, mtime=0),
        without(batch_id="../../etc"),
        without("story_id"),
    ],
)
def test_a_body_that_names_no_story_is_not_counted(body: bytes) -> None:
    assert put_aside_event(Found(body)) is None


def test_only_valid_fields_are_taken() -> None:
    found = salvage(without(position=10**9, url="", attempt="1", generation=2))
    assert found == {"batch_id": STORY.batch_id, "story_id": STORY.story_id, "generation": 2}
