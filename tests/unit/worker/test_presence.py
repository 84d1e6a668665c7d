"""What a worker says of itself: at once when something changes, but not for every change."""

from __future__ import annotations

import asyncio
from pathlib import Path

from gt_common.messages import utc_now
from gt_common.messaging.presence.beats import Beat, ProviderWait, decode_beat
from gt_common.settings import Settings, load_settings
from gt_consumer.runner.outcomes import Interrupted
from gt_consumer.worker.presence import Presence
from gt_consumer.worker.run_events import RunEvents
from gt_consumer.worker.worker import Worker
from support.fakes.worker import FakeDelivery, RecordingPublisher, ScriptedRunner, message

LONG_S = 3600.0


class Beats:
    """A publisher that keeps the beats."""

    def __init__(self) -> None:
        self.all: list[Beat] = []
        self._came: asyncio.Queue[Beat] = asyncio.Queue()

    def beat(self, body: bytes) -> None:
        decoded = decode_beat(body)
        assert decoded is not None
        self.all.append(decoded)
        self._came.put_nowait(decoded)

    async def next(self) -> Beat:
        """Wait for the next beat."""
        async with asyncio.timeout(20):
            return await self._came.get()


def settings(tmp_path: Path) -> Settings:
    return load_settings(worker_name="w1", prefetch=2, state_dir=tmp_path)


async def test_a_worker_says_that_it_is_ready_and_that_it_left(tmp_path: Path) -> None:
    beats = Beats()
    async with Presence(settings(tmp_path), beats, every_s=LONG_S).beating():
        first = await beats.next()
    assert (first.kind, first.name, first.slots, first.running) == ("ready", "w1", 2, ())
    assert (await beats.next()).kind == "left"


async def test_it_beats_although_nothing_happens(tmp_path: Path) -> None:
    beats = Beats()
    async with Presence(settings(tmp_path), beats, every_s=0.02, apart_s=0.01).beating():
        assert [(await beats.next()).kind for _ in range(4)] == ["ready", "beat", "beat", "beat"]


async def test_changes_within_a_second_are_one_beat_with_the_latest_of_each_run(tmp_path: Path) -> None:
    beats = Beats()
    presence = Presence(settings(tmp_path), beats, every_s=LONG_S, apart_s=0.1)
    first, second = (RunEvents(message(number), "w1", utc_now()) for number in (1, 2))
    async with presence.beating():
        await beats.next()
        for number in range(500):
            presence.show(first, f"stage {number}")
        presence.show(second, None)
        shown = await beats.next()
        presence.hide(first)
        after = await beats.next()
    assert [(story.story_id, story.stage) for story in shown.running] == [("s1", "stage 499"), ("s2", None)]
    assert [story.story_id for story in after.running] == ["s2"]
    assert [beat.kind for beat in beats.all] == ["ready", "beat", "beat", "left"]


async def test_a_stage_that_is_reported_again_is_no_news(tmp_path: Path) -> None:
    beats = Beats()
    presence = Presence(settings(tmp_path), beats, every_s=LONG_S, apart_s=0.01)
    events = RunEvents(message(), "w1", utc_now())
    async with presence.beating():
        await beats.next()
        presence.show(events, "render")
        await beats.next()
        presence.show(events, "render")
        presence.hide(events)
        assert (await beats.next()).running == ()


async def test_secrets_are_removed_and_waits_are_told(tmp_path: Path) -> None:
    beats = Beats()
    waits = [ProviderWait(provider="gemini", until=utc_now(), runs=2)]
    presence = Presence(settings(tmp_path), beats, lambda: waits, every_s=LONG_S)
    presence.show(RunEvents(message(url="https://a.example/?key=abcdefgh"), "w1", utc_now()), None)
    async with presence.beating():
        told = await beats.next()
    assert told.running[0].url == "https://a.example/?key=***"
    assert list(told.waits) == waits


async def test_what_a_worker_runs_is_shown_until_the_run_ends(tmp_path: Path) -> None:
    beats, book, runner = Beats(), RecordingPublisher(), ScriptedRunner(Interrupted())
    made = settings(tmp_path)
    presence = Presence(made, beats, every_s=LONG_S, apart_s=0.01)
    worker = Worker(made, runner, book, display=presence)
    runner.may_end.clear()
    async with presence.beating():
        await beats.next()
        worker.receive(FakeDelivery(book, message().model_dump_json().encode()))
        while not (told := await beats.next()).running or told.running[0].stage is None:
            pass
        runner.may_end.set()
        await worker.wait_until_quiet()
    assert [(story.batch_id, story.story_id, story.stage) for story in told.running] == [("b", "s1", "voice")]
    assert beats.all[-1].running == ()
