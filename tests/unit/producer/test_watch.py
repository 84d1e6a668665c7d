"""Waiting for the end of a batch: from the live view, and from the ledger where the view has a hole."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Collection
from pathlib import Path

import pytest
from rich.console import Console

from gt_common.errors import BrokerUnreachableError, CredentialsRefusedError
from gt_common.failures import Failure
from gt_common.ledger import open_ledger
from gt_common.lifecycle import BatchPhase, BatchState, StoryState, StoryStatus, fold
from gt_common.messages import (
    BatchOpened,
    BatchStories,
    Event,
    StoryEntry,
    StoryFailed,
    StoryStarted,
    StorySucceeded,
)
from gt_common.progress.display import Progress
from gt_common.settings import Settings, load_settings
from gt_producer.produce.watch import BatchWatch, unseen_events

FIRST, SECOND = (
    StoryEntry(story_id="s1", position=1, url="u1"),
    StoryEntry(story_id="s2", position=2, url="u2"),
)
OPENED = BatchOpened(batch_id="b", total=2)
LISTED = BatchStories(batch_id="b", stories=(FIRST, SECOND))
MADE = StorySucceeded(batch_id="b", story_id="s1", position=1, url="u1", output_path="/a.mp4")
DEAD = StoryFailed(
    batch_id="b", story_id="s2", position=2, url="u2", failure=Failure(type="Crash", message="killed")
)


class View:
    """A live view that gives what the test says, as a broker would."""

    def __init__(self) -> None:
        self._items: asyncio.Queue[Event | Exception | None] = asyncio.Queue()

    def gives(self, *items: Event | Exception | None) -> None:
        """Queue what is delivered next; None stands for a view that (re)starts."""
        for item in items:
            self._items.put_nowait(item)

    async def __call__(self, _settings: Settings, _batch_id: str) -> AsyncIterator[Event | None]:
        """Follow."""
        while True:
            item = await self._items.get()
            if isinstance(item, Exception):
                raise item
            yield item


def settings_in(folder: Path) -> Settings:
    return load_settings(ledger_url=f"sqlite:///{folder / 'ledger.db'}", state_dir=folder)


def watch_in(folder: Path) -> BatchWatch:
    return BatchWatch(settings_in(folder), Progress("b", live=False, console=Console(file=io.StringIO())))


async def test_only_a_change_breaks_the_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger is read every 10 s: what it repeats must not have the same line said again each time."""
    watch, broken = watch_in(tmp_path), list[str]()
    monkeypatch.setattr(watch._silence, "broken", lambda: broken.append("broken"))
    for event in (OPENED, LISTED, OPENED, LISTED, MADE, MADE):
        watch.feed(event)
    assert len(broken) == 3


async def test_the_view_must_stand_before_anything_is_published(tmp_path: Path) -> None:
    watch, view = watch_in(tmp_path), View()
    follower = asyncio.create_task(watch.hear(view))
    with pytest.raises(BrokerUnreachableError, match="without --wait"):
        await watch.until_seeing(follower, patience=0.05)
    view.gives(None)
    await watch.until_seeing(follower)
    view.gives(CredentialsRefusedError("no right to watch"))
    with pytest.raises(CredentialsRefusedError, match="no right"):
        await watch.until_ended(follower)
    watch.close()


async def test_a_batch_ends_by_what_the_view_tells_without_any_ledger(tmp_path: Path) -> None:
    watch, view = watch_in(tmp_path), View()
    follower = asyncio.create_task(watch.hear(view))
    for event in (OPENED, LISTED):
        watch.feed(event)
    view.gives(None, MADE, DEAD, MADE)
    async with asyncio.timeout(20):
        await watch.until_ended(follower)
    assert watch.state.phase is BatchPhase.DONE_WITH_FAILURES
    follower.cancel()
    watch.close()


@pytest.mark.parametrize("restarted", [True, False], ids=["view restarted", "never told"])
async def test_what_the_view_did_not_tell_is_taken_from_the_ledger(tmp_path: Path, restarted: bool) -> None:
    watch, view = watch_in(tmp_path), View()
    follower = asyncio.create_task(watch.hear(view))
    for event in (OPENED, LISTED):
        watch.feed(event)
    view.gives(None)
    await watch.until_seeing(follower)
    with open_ledger(settings_in(tmp_path).ledger) as ledger:
        ledger.apply([OPENED, LISTED, MADE, DEAD])
    if restarted:
        view.gives(None)
    async with asyncio.timeout(20):
        await watch.until_ended(follower)
    assert watch.state.counts[StoryStatus.SUCCESS] == watch.state.counts[StoryStatus.FAILED] == 1
    follower.cancel()
    watch.close()


def test_news_brings_one_state_up_to_another_and_is_silent_then(tmp_path: Path) -> None:
    started = StoryStarted(batch_id="b", story_id="s2", position=2, url="u2")
    events: list[Event] = [OPENED, LISTED, MADE, started]
    with open_ledger(settings_in(tmp_path).ledger) as ledger:
        ledger.apply(events)
        for ours in (BatchState("b"), fold("b", [OPENED]), fold("b", [LISTED, MADE])):
            assert fold(ours, [OPENED, *unseen_events(ledger, ours)]) == fold("b", events)
        assert unseen_events(ledger, fold("b", events)) == []


def test_only_stories_that_differ_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_ledger(settings_in(tmp_path).ledger) as ledger:
        ledger.apply([OPENED, LISTED, MADE, DEAD])
        asked: list[list[str]] = []
        read = ledger.stories

        def stories(batch_id: str, story_ids: Collection[str]) -> list[StoryState]:
            asked.append([*story_ids])
            return read(batch_id, story_ids)

        monkeypatch.setattr(ledger, "stories", stories)
        assert unseen_events(ledger, fold("b", [OPENED, LISTED, MADE])) == [DEAD]
    assert asked == [["s2"]]


async def test_a_ledger_that_has_not_changed_is_not_read_again(tmp_path: Path) -> None:
    watch = watch_in(tmp_path)
    with open_ledger(settings_in(tmp_path).ledger) as ledger:
        ledger.apply([OPENED, LISTED])
    await watch.read_ledger()
    assert watch.state.total == 2
    assert watch._read_ledger() == []
    watch.close()


def test_the_title_in_the_ledger_reaches_a_story_that_was_only_seen_to_start(tmp_path: Path) -> None:
    titled = StoryEntry(story_id="s1", position=1, url="u1", title="My sister")
    started = StoryStarted(batch_id="b", story_id="s1", position=1, url="u1")
    listed = BatchStories(batch_id="b", stories=(titled,))
    with open_ledger(settings_in(tmp_path).ledger) as ledger:
        ledger.apply([listed, started])
        seen = fold("b", [started])
        assert fold(seen, unseen_events(ledger, seen)) == fold("b", [listed, started])
