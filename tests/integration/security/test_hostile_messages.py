"""Messages that no GossipToon program would send: each is dead-lettered once, and work continues."""

from __future__ import annotations

import json
import signal
from collections import Counter
from functools import partial
from pathlib import Path

import aio_pika
import pytest
from pamqp.common import FieldTable

from gt_common.lifecycle import BatchPhase, StoryStatus
from gt_common.messages import MAX_BODY, StoryFailed, StoryMessage, encode
from gt_common.messaging.browse import browse
from gt_common.messaging.connection import connect
from gt_common.messaging.delivery import Delivery
from gt_common.messaging.names import STORY_KEY, Names
from gt_common.settings import Settings
from support.fleet import depth, publish, read_runs, scripted_story, tally, worker
from support.waiting import until

pytestmark = pytest.mark.broker

Env = dict[str, str]
JSON = "application/json"
HUGE_HEADERS = {f"gt-x{number}": "y" * 1000 for number in range(100)}


def changed(story: StoryMessage, **fields: object) -> bytes:
    """Return the body of a story with unknown fields."""
    return json.dumps(json.loads(encode(story)) | fields).encode()


def hostile_bodies(story: StoryMessage) -> dict[str, bytes]:
    """Return bodies that are malformed in different ways."""
    return {
        "empty": b"",
        "broken": b"{not json",
        "no text": b"\xff\xfe\x00\x01",
        "deep": b"[" * 100_000,
        "no object": b"[1, 2, 3]",
        "number": b"1e999999",
        "no fields": b'{"v": 1}',
        "version": changed(story, v=2),
        "huge": changed(story, options={"x": "y" * MAX_BODY}),
        "batch path": changed(story, batch_id="../../../tmp/evil"),
        "story path": changed(story, story_id="..\\..\\evil"),
        "dot": changed(story, story_id="."),
        "line end": changed(story, story_id="abc\n"),
        "nul": changed(story, batch_id="a\0b"),
        "attempt": changed(story, attempt=10**7),
        "negative": changed(story, generation=-1),
        "position": changed(story, position=10**30),
        "fraction": changed(story, attempt=1.5),
        "url": changed(story, url="x" * 3000),
        "surrogate": encode(story).replace(b"https", b"\\ud800"),
        "errors": changed(story, errors=[{}] * 1000),
    }


async def send(settings: Settings, *messages: aio_pika.Message) -> None:
    """Publish messages to the stories' exchange, as they are."""
    async with connect(settings, "hostile") as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange(Names(settings.namespace).stories, ensure=False)
        for message in messages:
            await exchange.publish(message, STORY_KEY)


async def dead(settings: Settings) -> list[Delivery]:
    """Return what is in the dead-letter queue."""
    async with browse(settings, Names(settings.namespace).dlq, "test") as found:
        return found


async def all_dead(settings: Settings, count: int) -> bool:
    """Whether the dead-letter queue has `count` messages."""
    return await depth(settings, "dlq") >= count


def videos(settings: Settings) -> list[Path]:
    """Return the files of the output folder that are not hidden."""
    return [path for path in settings.output.iterdir() if not path.name.startswith(".")]


async def test_each_hostile_body_is_dead_lettered_once_with_its_reason(
    settings: Settings, environment: Env, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    good, spoilt, last = (scripted_story("b1", number, runs) for number in (1, 2, 3))
    bodies = hostile_bodies(spoilt)
    names: FieldTable = dict(spoilt.headers())
    async with worker(environment) as running:
        await running.says("worker_started")
        await send(settings, *(aio_pika.Message(body, content_type=JSON) for body in bodies.values()))
        # One of them is a story of the batch, as a later version would write it.
        await publish(settings, good, last)
        later = aio_pika.Message(changed(spoilt, v=3), content_type=JSON, headers=names)
        await send(settings, later)
        await running.says("story_ended", 2)
        await until(partial(all_dead, settings, len(bodies) + 1))
        assert running.process.returncode is None
        # It acks what it has put aside after that; killed before, it would get the last one again.
        running.send(signal.SIGTERM)
        await running.ends()
    letters = await dead(settings)
    assert Counter(letter.body for letter in letters) == Counter([*bodies.values(), changed(spoilt, v=3)])
    assert {letter.delivery_count for letter in letters} == {0}
    reasons = {letter.body: str(letter.headers["gt-reason"]) for letter in letters}
    assert all(reason.startswith("malformed ") for reason in reasons.values())
    assert "v: Input should be 1" in reasons[bodies["version"]]
    assert f"at most {MAX_BODY}" in reasons[bodies["huge"]]
    assert "batch_id: String should match pattern" in reasons[bodies["batch path"]]
    state = await tally(environment, settings, "b1")
    assert state.phase is BatchPhase.DONE_WITH_FAILURES, "the batch ends, with what nobody could read"
    assert state.counts[StoryStatus.SUCCESS] == 2
    failed = state.stories[spoilt.story_id].event
    assert isinstance(failed, StoryFailed)
    assert failed.failure.type == "MalformedMessage"
    assert (await depth(settings, "results_dlq"), await depth(settings, "ledger_queue")) == (0, 0)
    assert await depth(settings, "stories") == 0
    assert len(await dead(settings)) == len(letters)
    assert {path.name for path in videos(settings)} == {"b1"}


async def test_hostile_properties_of_sound_bodies_do_no_harm(
    settings: Settings, environment: Env, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    typed, packed, loud, old, many = (scripted_story("b1", number, runs) for number in range(1, 6))
    many = many.model_copy(update={"attempt": 1_000_000})
    deaths: FieldTable = {"x-delivery-count": 1_000_000}
    deaths["x-death"] = [
        {"reason": "delivery_limit", "count": 9, "queue": "x", "exchange": "x", "routing-keys": ["x"]}
    ]
    await send(
        settings,
        aio_pika.Message(encode(typed), content_type="text/html", headers=dict(typed.headers())),
        aio_pika.Message(b"{", content_type=JSON, headers=dict(HUGE_HEADERS)),
        aio_pika.Message(encode(packed), content_type="application/json; charset=utf-8", priority=9),
        aio_pika.Message(encode(loud), headers={**HUGE_HEADERS, "gt-attempt": 77, "gt-batch-id": "b2"}),
        aio_pika.Message(encode(old), headers=deaths),
        aio_pika.Message(encode(many), content_type=JSON),
    )
    async with worker(environment, "--until-empty") as running:
        assert await running.ends() == 1
    state = await tally(environment, settings, "b1")
    found = {story.position: str(story.status) for story in state.stories.values()}
    assert found == {1: "failed", 2: "success", 3: "success", 4: "success", 5: "failed"}
    assert sorted(len(str(run["story"])) for run in read_runs(runs)) == [16, 16, 16]
    refused = state.stories[typed.story_id].event
    assert isinstance(refused, StoryFailed)
    assert "content type is text/html" in refused.failure.message
    assert refused.letter is not None, "its body is sound, so it can be replayed"
    letters = await dead(settings)
    assert len(letters) == 3
    assert max(len(str(dict(letter.headers))) for letter in letters) < 2000
    assert await depth(settings, "results_dlq") == 0
