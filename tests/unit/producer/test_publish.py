"""Publishing: the order, the window, the journal, and going on after a failure."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from gt_common.errors import ExitCode, PublishedOnlyInPartError, PublishFailedError
from gt_common.lifecycle import fold
from gt_common.messages import BatchOpened, BatchSealed, BatchStories, StoryMessage
from gt_common.stories import Story, read_list
from gt_producer.produce.journal import Journal
from gt_producer.produce.journal_state import read_state
from gt_producer.produce.plan import make_header, make_plan
from gt_producer.produce.publish import Publication, publish_batch
from support.fakes.publisher import GROUP, MemoryPublisher


def stories(count: int, first: int = 1) -> Sequence[Story]:
    lines = [f"https://redd.it/s{number}" for number in range(first, first + count)]
    return read_list(lines, "urls.txt", Path("/")).stories


async def publish(
    publisher: MemoryPublisher,
    folder: Path,
    listed: Sequence[Story],
    counted: list[tuple[str, int]] | None = None,
) -> Publication:
    header = make_header("b", "gt", listed, None, {})
    counts = [] if counted is None else counted
    with Journal.open(folder, "b") as journal:
        plan = make_plan(header, listed, journal.state)
        return await publish_batch(
            publisher, journal, header, plan, lambda done, count: counts.append((done, count))
        )


async def test_a_batch_is_opened_listed_sent_and_sealed_in_this_order(tmp_path: Path) -> None:
    publisher, counted = MemoryPublisher(), list[tuple[str, int]]()
    publication = await publish(publisher, tmp_path, stories(600), counted)
    kinds = [type(message) for message in publisher.log]
    assert kinds == [BatchOpened, BatchStories, BatchStories, *[StoryMessage] * 600, BatchSealed]
    assert sorted(story.position for story in publisher.stories) == list(range(1, 601))
    assert counted == sorted(counted), "announced, then published, ever more"
    assert [counts for counts in counted if counts[1] == 600] == [("announced", 600), ("published", 600)]
    assert publication.published == 600
    state = fold("b", publisher.events)
    assert (state.total, state.sealed) == (600, True)
    assert {story.story_id for story in publisher.stories} == set(state.stories)


async def test_a_list_that_was_announced_is_not_announced_again(tmp_path: Path) -> None:
    broken, whole = MemoryPublisher(fail_at=1), MemoryPublisher()
    with pytest.raises(PublishFailedError):
        await publish(broken, tmp_path, stories(1200))
    await publish(whole, tmp_path, stories(1300))
    announced = [event.stories for event in whole.events if isinstance(event, BatchStories)]
    assert [len(entries) for entries in announced] == [300], "the part that became longer"
    assert fold("b", [*broken.events, *whole.events]).total == 1300


async def test_a_part_of_the_list_whose_confirm_was_not_recorded_is_announced_again(tmp_path: Path) -> None:
    broken, whole = MemoryPublisher(fail_at=1), MemoryPublisher()
    with pytest.raises(PublishFailedError):
        await publish(broken, tmp_path, stories(1200))
    path = tmp_path / "b.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for line in lines if b'"announced":"501-1000"' not in line))
    await publish(whole, tmp_path, stories(1200))
    (again,) = [event for event in whole.events if isinstance(event, BatchStories)]
    assert again.stories[0].position == 501
    assert again.event_id in {event.event_id for event in broken.events}, "the ledger stores it once"


async def test_after_a_failure_the_same_again_publishes_just_the_rest(tmp_path: Path) -> None:
    broken = MemoryPublisher(fail_at=120)
    with pytest.raises(PublishFailedError, match="full"):
        await publish(broken, tmp_path, stories(200))
    state = read_state(tmp_path / "b.jsonl")
    confirmed = {name for name in state.positions if state.has_published(name)}
    assert 0 < len(confirmed) < 120
    assert confirmed <= {story.story_id for story in broken.stories}

    whole = MemoryPublisher()
    publication = await publish(whole, tmp_path, stories(200))
    assert publication.published == 200 - len(confirmed)
    assert publication.plan.before == len(confirmed)
    sent = [story.story_id for story in whole.stories]
    assert confirmed.isdisjoint(sent)
    assert len(set(sent)) == len(sent) == publication.published
    twice = {story.story_id for story in broken.stories} & set(sent)
    assert len(twice) <= GROUP
    folded = fold("b", [*broken.events, *whole.events])
    assert (folded.total, len(folded.stories), folded.sealed) == (200, 200, True)
    positions = {story.story_id: story.position for story in (*broken.stories, *whole.stories)}
    assert sorted(positions.values()) == list(range(1, 201))


async def test_more_stories_of_the_same_batch_come_after_those_before(tmp_path: Path) -> None:
    publisher = MemoryPublisher()
    await publish(publisher, tmp_path, stories(3))
    publication = await publish(publisher, tmp_path, stories(3, first=2))
    assert (publication.published, publication.plan.total) == (1, 4)
    assert [story.position for story in publisher.stories] == [1, 2, 3, 4]
    assert fold("b", publisher.events).total == 4


async def test_a_batch_with_stories_missing_of_an_earlier_list_is_not_sealed(tmp_path: Path) -> None:
    with pytest.raises(PublishFailedError):
        await publish(MemoryPublisher(fail_at=1), tmp_path, stories(3))
    publisher = MemoryPublisher()
    publication = await publish(publisher, tmp_path, stories(1, first=3))
    assert (publication.published, publication.plan.absent, publication.plan.total) == (1, 2, 3)
    assert not any(isinstance(event, BatchSealed) for event in publisher.events)
    assert not read_state(tmp_path / "b.jsonl").complete
    await publish(publisher, tmp_path, stories(3))
    assert fold("b", publisher.events).sealed
    assert read_state(tmp_path / "b.jsonl").complete


async def test_a_disk_that_fills_half_way_is_told_apart_from_nothing_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Journal._append
    confirms = 0

    def append(self: Journal, record: Mapping[str, object]) -> None:
        nonlocal confirms
        confirms += "confirmed" in record
        if confirms >= 10:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(self, record)

    full, publisher = MemoryPublisher(), MemoryPublisher()
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "_append", append)
        with pytest.raises(PublishedOnlyInPartError, match="No space left on device") as refused:
            await publish(full, tmp_path, stories(200))
    assert refused.value.exit_code == ExitCode.UNREACHABLE
    assert read_state(tmp_path / "b.jsonl").published == 9 * GROUP
    assert (await publish(publisher, tmp_path, stories(200))).published == 200 - 9 * GROUP
    assert len({story.story_id for story in (*full.stories, *publisher.stories)}) == 200
    assert len(full.stories) + len(publisher.stories) <= 200 + GROUP


async def test_a_disk_that_is_full_before_is_an_error_of_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def append(_self: Journal, _record: Mapping[str, object]) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Journal, "_append", append)
    publisher = MemoryPublisher()
    with pytest.raises(OSError, match="No space left"):
        await publish(publisher, tmp_path, stories(3))
    assert publisher.log == []
