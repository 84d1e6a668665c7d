"""What gt-produce leaves out, as far as the ledger can be read."""

from __future__ import annotations

import os
import time
from array import array
from pathlib import Path

import pytest

from gt_common.batches import PlacedStory, batch_lock, list_events
from gt_common.cli.earlier import say_comparison
from gt_common.files import locked
from gt_common.ledger import open_ledger
from gt_common.ledger.earlier import Comparison
from gt_common.messages import GT_BATCH, BatchOpened, Event, StorySucceeded, made_from
from gt_common.settings import Settings, load_settings
from gt_common.stories import Story, canonical_url, story_id
from gt_producer.produce.earlier import compare_list
from gt_producer.produce.journal import Journal
from gt_producer.produce.journal_state import Header, JournalState, read_state


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    return load_settings(ledger_url=f"sqlite:///{tmp_path / 'ledger.db'}", state_dir=tmp_path / "state")


@pytest.fixture
def story(tmp_path: Path) -> Story:
    path = tmp_path / "story.md"
    path.write_text("# A cup\n\nOnce upon a time.\n")
    return Story(*canonical_url(str(path), tmp_path), "list:1", {"voice": "warm"})


def store(settings: Settings, *events: Event) -> None:
    with open_ledger(settings.ledger) as ledger:
        ledger.apply(events)


def success(story: Story, video: Path, batch_id: str = "b1") -> StorySucceeded:
    return StorySucceeded(
        batch_id=batch_id,
        story_id=story_id(batch_id, story.canonical),
        position=1,
        url=story.url,
        output_path=str(video),
        made_from=made_from(story.url, story.options, "studio"),
    )


def header_of(batch_id: str) -> Header:
    return Header(batch_id, "gt", "f" * 64)


def compared(
    settings: Settings, story: Story, batch_id: str = "new", *, skip_changed: bool = False
) -> Comparison:
    return compare_list(settings, header_of(batch_id), (story,), skip_changed=skip_changed)


def announce(settings: Settings, story: Story, batch_id: str, made_by: str | None = None) -> None:
    placed = PlacedStory(story_id(batch_id, story.canonical), 1, story)
    opened = BatchOpened(batch_id=batch_id, total=1, made_by=made_by)
    store(settings, opened, *list_events(batch_id, [placed]))


def test_without_a_ledger_nothing_is_left_out_and_none_is_made(here: Settings, story: Story) -> None:
    assert compared(here, story) == Comparison((story,))
    assert not Path(here.ledger.removeprefix("sqlite:///")).exists()


def test_a_ledger_that_cannot_be_read_is_said(
    here: Settings, story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(here.ledger.removeprefix("sqlite:///")).write_bytes(b"no database" * 200)
    assert compared(here, story) == Comparison((story,))
    assert "warning: stories that are already made are not left out" in capsys.readouterr().err


def test_the_same_story_with_the_same_options_is_left_out_if_its_video_is_there(
    here: Settings, story: Story, tmp_path: Path
) -> None:
    video = tmp_path / "out" / "b1" / "1.mp4"
    store(here, success(story, video))
    assert len(compared(here, story).made) == 1, "the folder is not here: the worker is another machine"
    video.parent.mkdir(parents=True)
    assert [one.gone for one in compared(here, story).again] == [True]
    video.write_bytes(b"a video")
    assert (compared(here, story).stories, len(compared(here, story).made)) == ((), 1)


def test_what_differs_is_published_again_unless_it_is_to_be_skipped(
    here: Settings, story: Story, tmp_path: Path
) -> None:
    video = tmp_path / "1.mp4"
    video.write_bytes(b"a video")
    store(here, success(story, video))
    other = Story(story.url, story.canonical, "list:1", {"voice": "cold"})
    (again,) = compared(here, other).again
    assert again.differs == ("other options",)
    (tmp_path / "story.md").write_text("# A cup\n\nOnce upon another time.\n")
    (again,) = compared(here, other).again
    assert again.differs == ("text changed", "other options")
    assert compared(here, other).stories == (other,)
    skipped = compared(here, other, skip_changed=True)
    assert (skipped.stories, len(skipped.made)) == ((), 1)


def test_a_video_of_a_version_that_recorded_nothing_counts_as_the_same(
    here: Settings, story: Story, tmp_path: Path
) -> None:
    video = tmp_path / "1.mp4"
    video.write_bytes(b"a video")
    store(here, success(story, video).model_copy(update={"made_from": None}))
    assert len(compared(here, story).made) == 1


def test_a_story_of_another_open_batch_is_left_out(here: Settings, story: Story) -> None:
    announce(here, story, "fleet")
    (running,) = compared(here, story).running
    assert (running.other.batch_id, running.other.status.value) == ("fleet", "queued")
    assert compared(here, story, "fleet").stories == (story,), "its own batch"
    store(here, success(story, Path("/elsewhere/1.mp4"), "fleet"))
    assert compared(here, story).running == ()


def test_a_story_that_an_ended_process_left_behind_is_published(here: Settings, story: Story) -> None:
    announce(here, story, "local", GT_BATCH)
    assert compared(here, story).stories == (story,), "gt-batch was killed"
    lock = batch_lock(here.state_dir, "local")
    lock.parent.mkdir(parents=True)
    with locked(lock) as descriptor:
        Path(f"/dev/fd/{descriptor}").write_text("{}")
        assert [one.other.batch_id for one in compared(here, story).running] == ["local"]

    announce(here, story, "torn")
    with Journal.open(here.state_dir / "journals", "torn") as journal:
        journal.begin(Header("torn", "gt", "f", None, {}))
        journal.list_stories(1, array("Q", [int(story_id("torn", story.canonical), 16)]))
        assert [one.other.batch_id for one in compared(here, story).running] == ["torn"]
    assert compared(here, story).stories == (story,), "gt-produce was killed before it was published"
    with Journal.open(here.state_dir / "journals", "torn") as journal:
        journal.confirm([1])
    assert [one.other.batch_id for one in compared(here, story).running] == ["torn"]


def publish(settings: Settings, story: Story, batch_id: str, namespace: str) -> Path:
    identity = story_id(batch_id, story.canonical)
    with Journal.open(settings.state_dir / "journals", batch_id) as journal:
        journal.begin(Header(batch_id, namespace, "f"))
        journal.list_stories(1, array("Q", [int(identity, 16)]))
        journal.confirm([1])
        journal.seal()
        return journal.path


@pytest.mark.parametrize("ledger", ["none", "empty", "unreadable"])
def test_a_story_that_the_ledger_does_not_know_is_left_out_for_a_day_after_it_was_published(
    here: Settings, story: Story, ledger: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if ledger == "empty":
        store(here)
    if ledger == "unreadable":
        Path(here.ledger.removeprefix("sqlite:///")).write_bytes(b"no database" * 200)
    journal = publish(here, story, "sent", here.namespace)
    other = publish(here, story, "elsewhere", "another-fleet")
    os.utime(journal, times=(time.time() - 20 * 60,) * 2)
    found = compared(here, story)
    assert ([one.other.batch_id for one in found.running], found.stories) == (["sent"], ())
    say_comparison(found, "publishes")
    said = capsys.readouterr().err
    assert "list:1: being made in batch sent, published 20 min ago from this machine" in said
    assert "--force" in said
    assert compared(here, story, "sent").stories == (story,), "its own batch"
    os.utime(journal, times=(time.time() - 25 * 3600,) * 2)
    assert (compared(here, story).stories, other.exists()) == ((story,), True)


def test_a_published_story_that_has_ended_in_the_ledger_is_published_again(
    here: Settings, story: Story, tmp_path: Path
) -> None:
    publish(here, story, "sent", here.namespace)
    announce(here, story, "sent")
    assert [one.published_s for one in compared(here, story).running] == [None], "the ledger knows it"
    store(here, success(story, tmp_path / "deleted.mp4", "sent"))
    assert (compared(here, story).stories, compared(here, story).running) == ((story,), ())


def links(count: int) -> list[Story]:
    urls = [f"https://www.reddit.com/comments/z{number:04d}/" for number in range(count)]
    return [Story(url, url, f"list:{number}") for number, url in enumerate(urls, start=1)]


def test_a_long_list_is_compared_in_parts_and_says_how_far_it_is(here: Settings, tmp_path: Path) -> None:
    listed = links(2_500)
    done = [*listed[:1_200], *listed[2_000:2_100]]
    store(here, *(success(story, tmp_path / "no" / f"{n}.mp4", f"b{n % 2}") for n, story in enumerate(done)))
    counts: list[int] = []
    found = compare_list(here, header_of("new"), listed, skip_changed=False, on_compared=counts.append)
    assert counts == [1_000, 2_000, 2_500]
    assert [one.story.place for one in found.made] == [story.place for story in done]
    assert [one.place for one in found.stories] == [one.place for one in listed[1_200:2_000] + listed[2_100:]]
    assert (found.made[1].batch_id, found.made[1].output_path) == ("b1", str(tmp_path / "no" / "1.mp4"))
    assert [one.story for one in found.made[1_198:1_202]] == [*listed[1_198:1_200], *listed[2_000:2_002]]


def test_the_journal_of_a_batch_is_read_once_however_many_of_its_stories_are_listed(
    here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = links(5)
    placed = [PlacedStory(story_id("fleet", one.canonical), n, one) for n, one in enumerate(listed, start=1)]
    store(here, BatchOpened(batch_id="fleet", total=5), *list_events("fleet", placed))
    read: list[str] = []

    def counted(path: Path) -> JournalState:
        read.append(path.stem)
        return read_state(path)

    monkeypatch.setattr("gt_producer.produce.earlier.read_state", counted)
    assert len(compare_list(here, header_of("new"), listed, skip_changed=False).running) == 5
    assert read.count("fleet") == 1


def test_what_the_ledger_does_not_know_yet_of_a_longer_list_is_left_out_in_its_order(here: Settings) -> None:
    listed = links(6)
    store(here, success(listed[0], Path("/elsewhere/1.mp4")))
    publish(here, listed[2], "sent", here.namespace)
    found = compare_list(here, header_of("new"), listed, skip_changed=False)
    assert [one.story.place for one in found.made] == ["list:1"]
    assert [(one.story.place, one.other.batch_id) for one in found.running] == [("list:3", "sent")]
    assert [one.place for one in found.stories] == ["list:2", "list:4", "list:5", "list:6"]
