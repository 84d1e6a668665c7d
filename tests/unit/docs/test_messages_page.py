"""The tables of docs/messages.md have every field of the story message and of every event."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from gt_common.messages import BatchEvent, FleetEvent, StoryEvent, StoryMessage, StorySpent
from gt_common.messaging.ladder import ladder_exchanges
from gt_common.messaging.names import Names
from gt_common.messaging.topology import topology
from gt_common.settings import Settings

PAGE = (Path(__file__).parents[3] / "docs" / "messages.md").read_text()
EVERY_EVENT = {"v", "type", "event_id", "batch_id", "at"}
STORY_EVENTS: tuple[type[BaseModel], ...] = (*get_args(StoryEvent), StorySpent)
EVENTS: tuple[type[BaseModel], ...] = (*get_args(BatchEvent), *STORY_EVENTS, *get_args(FleetEvent))


def rows(heading: str) -> list[list[set[str]]]:
    """Return, for each row of the table below a heading, the names in backticks of each cell."""
    part = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [
        [set(re.findall(r"`([^`]+)`", cell)) for cell in line.strip("|").split("|")] for line in lines[2:]
    ]


TABLE = {type_: cells[2] for cells in rows("Events") for type_ in cells[0]}


def test_the_story_has_all_its_fields() -> None:
    assert set().union(*(cells[0] for cells in rows("Story"))) == set(StoryMessage.model_fields) - {"v"}


def test_every_event_has_a_row() -> None:
    assert set(TABLE) == {kind.model_fields["type"].default for kind in EVENTS}


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_an_event_has_all_its_fields(kind: type[BaseModel]) -> None:
    common = set(re.findall(r"`(\w+)`", PAGE.split("## Events\n", 1)[1].split("\n|", 1)[0]))
    shared = (EVERY_EVENT & set(kind.model_fields)) | (common if kind in STORY_EVENTS else set())
    assert TABLE[kind.model_fields["type"].default] == set(kind.model_fields) - shared


def test_the_fields_that_all_events_of_stories_share_are_named() -> None:
    common = set(re.findall(r"`(\w+)`", PAGE.split("## Events\n", 1)[1].split("\n|", 1)[0]))
    assert common | {"v"} == set.intersection(*(set(kind.model_fields) for kind in STORY_EVENTS))


def test_the_exchanges_exist_with_their_types() -> None:
    said = {name for cells in rows("Where") for name in cells[0]}
    private = {"gt.tokens", "gt.pauses", "gt.control", "gt.presence", "gt.marks"}
    ladder = [exchange.name for exchange in ladder_exchanges(Names("gt"))]
    assert {name for name in said if name in ladder} == {ladder[0], ladder[-1]}
    others = said - set(ladder)
    assert others | private == {exchange.name for exchange in topology(Settings(namespace="gt")).exchanges}
