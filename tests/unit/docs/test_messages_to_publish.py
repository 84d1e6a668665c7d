"""The least fields that docs/messages.md tells other producers are enough, and none can be left out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from gt_common.messages import decode_event, decode_story
from gt_common.messages.schema import STORY, schema_of

PAGE = (Path(__file__).parents[3] / "docs" / "messages.md").read_text()
PART = PAGE.split("## Publishing stories yourself\n", 1)[1].split("\n## ", 1)[0]
VALUES: dict[str, object] = {
    "v": 1,
    "event_id": "e1",
    "batch_id": "b1",
    "at": "2026-03-01T12:00:00Z",
    "total": 1,
    "story_id": "s1",
    "position": 1,
    "url": "https://www.reddit.com/comments/abc123/",
    "canonical_url": "https://www.reddit.com/comments/abc123/",
}
OF_AN_ENTRY = ("story_id", "position", "url")
FILLED_IN = {"v", "event_id", "at"}
"""The reader has a value for these, which would be another one each time."""


def steps() -> list[tuple[str, dict[str, object]]]:
    """Return the schema's name and a message with the least fields for each row of the table."""
    found = []
    for line in PART.splitlines():
        if not re.match(r"\| \d\.", line):
            continue
        _, _, key, fields = (cell.strip() for cell in line.strip("|").split("|"))
        names = re.findall(r"`(\w+)`", fields)
        type_ = key.strip("`").removeprefix("<batch id>.")
        message = {name: VALUES[name] for name in names if name in VALUES}
        if "type" in names:
            message["type"] = type_
        if "stories" in names:
            message = {name: value for name, value in message.items() if name not in OF_AN_ENTRY}
            message["stories"] = [{name: VALUES[name] for name in OF_AN_ENTRY}]
        found.append((type_ if "type" in names else STORY, message))
    return found


STEPS = steps()


def test_there_is_a_row_for_each_message() -> None:
    assert [name for name, _ in STEPS] == ["batch.opened", "batch.stories", STORY, "batch.sealed"]


@pytest.mark.parametrize(("name", "message"), STEPS, ids=[name for name, _ in STEPS])
def test_the_least_fields_are_enough_and_needed(name: str, message: dict[str, object]) -> None:
    decode = decode_story if name == STORY else decode_event
    validator = Draft202012Validator(schema_of(name))
    assert decode(json.dumps(message).encode())
    validator.validate(message)
    for field in set(message) - FILLED_IN:
        assert not validator.is_valid({key: value for key, value in message.items() if key != field}), field


def test_the_message_to_copy_is_valid() -> None:
    body = re.search(r"-b '(\{.*?\})'", PART, re.DOTALL)
    assert body
    Draft202012Validator(schema_of(STORY)).validate(json.loads(body[1]))
    assert decode_story(body[1].encode()).batch_id == "night-1"
