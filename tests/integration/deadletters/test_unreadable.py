"""Messages that cannot be read: listed, shown, exported and removed, also those of results."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path

import pytest

from gt_common.failures import Failure
from gt_common.ledger import open_ledger
from gt_common.messages import StoryFailed, encode
from gt_common.messaging.browse import browse
from gt_common.messaging.names import Names
from gt_common.messaging.publisher import open_publisher
from gt_common.settings import Settings
from gt_consumer.deadletters.selection import Selection
from gt_consumer.deadletters.unreadable import UnreadableMessage, remove_unreadable
from support.dead_letter_queue import bury, depth, gt_dlq, look, positions, ready
from support.samples.dead_letters import make_letter, make_story
from support.samples.events import BATCH, opened, story_event

pytestmark = pytest.mark.broker

BYTES = b"\xff\x00junk"
DAMAGED = encode(make_story(9)).replace(b'"v":1', b'"v":2')


async def junk(settings: Settings, key: str = "story") -> None:
    """Put two messages aside, one of which is bytes and the other names its story."""
    async with open_publisher(settings, "test", patience=20) as publisher:
        await publisher.malformed(BYTES, "malformed story message: no JSON", key)
        await publisher.malformed(DAMAGED, "malformed story message: v: Input should be 1", key)


async def test_junk_among_dead_letters_is_shown_exported_and_removed_and_letters_stay(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    dlq = Names(settings.namespace).dlq
    await bury(settings, [make_letter(1)])
    await junk(settings)
    await bury(settings, [make_letter(2)])
    listed = json.loads((await gt_dlq(environment, "list", "--unreadable", "--json")).out)
    assert (listed["schema"], listed["queue"], listed["selected"]) == (1, dlq, 2)
    named, plain = listed["unreadable"]
    assert (named["batch_id"], named["story_id"]) == ("b1", make_story(9).story_id)
    assert (plain["batch_id"], plain["size"], plain["excerpt"]) == (None, 6, "\\xff\x00junk")
    shown = json.loads((await gt_dlq(environment, "show", named["id"], "--unreadable", "--json")).out)
    assert shown["text"] == DAMAGED.decode()
    assert (await gt_dlq(environment, "show", "nosuch", "--unreadable")).code == 2
    file = tmp_path / "junk.jsonl"
    exported = await gt_dlq(environment, "export", "--unreadable", "--file", str(file))
    assert exported.err == f"gt-dlq: exported 2 unreadable messages to {file}\n"
    first = json.loads(file.read_text().splitlines()[0])
    assert base64.b64decode(first["base64"]) == BYTES
    assert first["reason"] == "malformed story message: no JSON"

    assert (await gt_dlq(environment, "discard", "--unreadable")).code == 2, "nobody can be asked"
    tried = await gt_dlq(environment, "discard", "--unreadable", "-n")
    assert "would remove 2 unreadable messages" in tried.err
    one = await gt_dlq(environment, "discard", "--unreadable", "--story", plain["id"], "-y")
    assert (one.code, one.err) == (0, "gt-dlq: 1 unreadable message removed\n")
    rest = await gt_dlq(environment, "discard", "--unreadable", "--error", "INPUT should", "-y", "--json")
    assert json.loads(rest.out)["removed"] == 1
    await ready(settings, dlq, 2)
    assert positions(await look(settings, dlq)) == [1, 2]


async def test_replay_of_a_batch_says_what_cannot_be_replayed(
    settings: Settings, environment: dict[str, str]
) -> None:
    with open_ledger(settings.ledger) as ledger:
        unread = Failure(type="MalformedMessage", message="malformed story message: v")
        ledger.apply([opened(1), story_event(StoryFailed, 1, failure=unread)])
    done = await gt_dlq(environment, "replay", "--batch", BATCH)
    assert done.code == 1
    assert "not replayed: 1 story whose message cannot be read" in done.err
    assert f"`gt-dlq list --unreadable --batch {BATCH}`" in done.err
    assert (await gt_dlq(environment, "replay", "--batch", BATCH, "--error", "Timeout")).code == 0


async def test_an_empty_message_and_one_of_bytes_are_shown(
    settings: Settings, environment: dict[str, str]
) -> None:
    async with open_publisher(settings, "test", patience=20) as publisher:
        await publisher.malformed(b"", "malformed story message: no JSON", "story")
        await publisher.malformed(BYTES, "malformed story message: no JSON", "story")
    await ready(settings, Names(settings.namespace).dlq, 2)
    listed = json.loads((await gt_dlq(environment, "list", "--unreadable", "--json")).out)
    names = {row["size"]: row["id"] for row in listed["unreadable"]}
    empty = await gt_dlq(environment, "show", names[0], "--unreadable")
    assert (empty.code, empty.err) == (0, "")
    assert "0 bytes" in empty.out
    other = await gt_dlq(environment, "show", names[len(BYTES)], "--unreadable")
    assert f"base64: {base64.b64encode(BYTES).decode()}" in other.out


async def test_results_that_nobody_could_read_have_the_same_commands(
    settings: Settings, environment: dict[str, str]
) -> None:
    await junk(settings, "result")
    results = Names(settings.namespace).results_dlq
    await ready(settings, results, 2)
    listed = json.loads((await gt_dlq(environment, "list", "--unreadable", "--results", "--json")).out)
    assert (listed["queue"], listed["selected"]) == (results, 2)
    assert "no unreadable messages" in (await gt_dlq(environment, "list", "--unreadable")).err
    done = await gt_dlq(environment, "discard", "--unreadable", "--results", "-y")
    assert (done.code, await depth(settings, results)) == (0, 0)


@pytest.mark.parametrize(
    "flags",
    [
        ("list", "--results"),
        ("list", "--unreadable", "--discarded"),
        ("list", "--unreadable", "--stage", "voice"),
        ("discard", "--unreadable", "--from-ledger", "-y"),
    ],
)
async def test_flags_that_do_not_fit_are_refused(environment: dict[str, str], flags: tuple[str, ...]) -> None:
    assert (await gt_dlq(environment, *flags)).code == 2


async def test_what_was_removed_just_before_the_connection_is_closed_stays_removed(
    settings: Settings,
) -> None:
    number, removed = 1000, 0

    def note(_: UnreadableMessage) -> None:
        nonlocal removed
        removed += 1

    async with open_publisher(settings, "test", patience=20) as publisher:
        bodies = (b"\xff%d" % one for one in range(number))
        await asyncio.gather(*(publisher.malformed(body, "malformed", "story") for body in bodies))
    await remove_unreadable(settings, Selection(), None, note, results=False)
    assert removed == number
    # A connection that is closed returns what it holds.
    async with browse(settings, Names(settings.namespace).dlq, "test") as left:
        assert len(left) == 0
