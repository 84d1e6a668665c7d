"""Finished videos: their place, how they get there, and how they are recognised."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gt_common.errors import OutputError
from gt_common.files import write_atomically
from gt_common.messages import Replay, StoryMessage, made_from, utc_now
from gt_consumer.storage import finished_videos as finished_module
from gt_consumer.storage.finished_videos import Finished, find_finished, store_finished, video_place
from gt_consumer.storage.links import look_once
from gt_consumer.storage.names import new_mark
from support.runner import a_story


def store(folder: Path, *, story: StoryMessage | None = None, source: Path | None = None) -> Finished:
    """Store a video of the working folder, unless another one is given."""
    workdir = folder / "work"
    workdir.mkdir(exist_ok=True)
    video = source or workdir / "made.mp4"
    if source is None:
        video.write_bytes(b"a video")
    return store_finished(
        folder / "out",
        story or a_story(),
        video,
        workdir=workdir,
        attempt=2,
        project_id="p1",
        video_s=61.0,
        duration_s=3.0,
    )


def files(folder: Path) -> list[str]:
    """Return the names of all files below the output folder, without the link of story s1."""
    found = sorted(path.name for path in (folder / "out").rglob("*") if path.is_file())
    return [name for name in found if name != ".story-s1"]


def refuse(number: int) -> Callable[..., None]:
    """Return a function that fails with an error of the operating system."""

    def fail(*_args: object, **_options: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def test_a_stored_video_is_found_again(tmp_path: Path) -> None:
    finished = store(tmp_path)
    assert finished == Finished(tmp_path / "out" / "b1" / "1-a-title-s1.mp4", "p1", 61.0, made_in=(1, 2, 0))
    assert find_finished(tmp_path / "out", a_story()) == finished
    assert files(tmp_path) == ["1-a-title-s1.json", "1-a-title-s1.mp4"]
    assert not (tmp_path / "work" / "made.mp4").exists()
    assert finished.video.stat().st_mode & 0o777 == 0o666 & ~_umask()


def test_the_files_beside_a_video_go_where_it_goes_and_leave_with_an_older_one(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "made.srt").write_text("1")
    (work / "made.upload.json").write_text("{}")
    (work / "made.exe").write_text("not one of them")
    (work / "other.srt").write_text("another video's")
    (work / "made.vtt").symlink_to(Path(__file__))  # leads out of the working folder
    story = a_story()
    place = video_place(tmp_path / "out", story)
    outside: list[Path] = [tmp_path / "elsewhere"]
    (work / "made.mp4").write_bytes(b"a video")
    arguments = {"workdir": work, "attempt": 1, "project_id": None, "video_s": 1.0, "duration_s": 1.0}
    store_finished(tmp_path / "out", story, work / "made.mp4", roots=outside, **arguments)  # type: ignore[arg-type]
    stem = place.stem
    assert files(tmp_path) == [f"{stem}.json", f"{stem}.mp4", f"{stem}.srt", f"{stem}.upload.json"]
    assert find_finished(tmp_path / "out", story) is not None
    for left in work.iterdir():
        left.unlink()
    store(tmp_path)
    assert files(tmp_path) == [f"{stem}.json", f"{stem}.mp4"]


def test_a_video_is_named_after_the_title_and_one_of_an_older_version_is_still_found(tmp_path: Path) -> None:
    old = a_story("s1", "file:///srv/s1.md")
    titled = old.model_copy(update={"title": "My sister's wedding"})
    place = video_place(tmp_path / "out", titled)
    assert place.name == "1-my-sisters-wedding-s1.mp4"
    assert video_place(tmp_path / "out", old).name == "1-s1-s1.mp4"
    finished = store(tmp_path, story=old)
    assert find_finished(tmp_path / "out", titled) == finished
    again = titled.replayed(Replay(at=utc_now(), by="o"))
    assert {video_place(tmp_path / "out", one) for one in (titled.handed_back(), again)} == {place}


def test_of_two_runs_that_store_at_once_one_video_with_its_own_result_file_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disconnected worker continues while another one runs the story, and both finish."""
    write, other = write_atomically, tmp_path / "other.mp4"
    other.write_bytes(b"the other run's longer video")
    overtaken = False

    def write_late(
        path: Path,
        content: str,
        *,
        draft: Path,
        error: None,
        new: bool,
        before: Callable[[], None],
        sync: Callable[[Path], None],
    ) -> Path:
        nonlocal overtaken
        if not overtaken:
            overtaken = True
            store(tmp_path, source=other)
        return write(path, content, draft=draft, error=error, new=new, before=before, sync=sync)

    monkeypatch.setattr(finished_module, "write_atomically", write_late)
    store(tmp_path)
    assert find_finished(tmp_path / "out", a_story()) is not None
    assert files(tmp_path) == ["1-a-title-s1.json", "1-a-title-s1.mp4"]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_video_is_found_at_another_position_of_the_list(tmp_path: Path) -> None:
    finished = store(tmp_path)
    moved = a_story().model_copy(update={"position": 7})
    assert find_finished(tmp_path / "out", moved) == finished
    assert find_finished(tmp_path / "out", a_story("s10")) is None
    assert find_finished(tmp_path / "out", a_story("1")) is None
    again = store(tmp_path, story=moved)
    assert again.video.name == "7-a-title-s1.mp4"
    assert find_finished(tmp_path / "out", a_story().model_copy(update={"position": 9})) == again


def test_a_video_of_an_earlier_version_has_no_link_and_is_found_too(tmp_path: Path) -> None:
    finished = store(tmp_path)
    (tmp_path / "out" / "b1" / ".story-s1").unlink()
    look_once.cache_clear()
    assert find_finished(tmp_path / "out", a_story().model_copy(update={"position": 7})) == finished


@pytest.mark.parametrize(
    "content", ['{"video": "../b2/1-a-title-s1.mp4"}', '{"video": "nowhere.mp4"}', '{"video": 7}', "[]", "{"]
)
def test_a_hidden_name_that_leads_elsewhere_counts_for_nothing(content: str, tmp_path: Path) -> None:
    moved = a_story().model_copy(update={"position": 7})
    for batch in ("b1", "b2"):
        store(tmp_path, story=a_story().model_copy(update={"batch_id": batch}))
    look_once(str(tmp_path / "out" / "b1"))
    link = tmp_path / "out" / "b1" / ".story-s1"
    link.unlink()
    link.write_text(content)
    assert find_finished(tmp_path / "out", moved) is None


def test_without_links_a_moved_story_is_found_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "hardlink_to", refuse(errno.EPERM))
    finished = store(tmp_path)
    assert find_finished(tmp_path / "out", a_story().model_copy(update={"position": 7})) == finished


def test_a_folder_of_many_videos_is_looked_through_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_once.cache_clear()
    scans: list[str] = []
    scandir = os.scandir

    def counted(folder: str) -> object:
        scans.append(folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", counted)
    for number in range(20):
        story = a_story(f"s{number}").model_copy(update={"position": number + 1})
        assert find_finished(tmp_path / "out", story) is None
        store(tmp_path, story=story)
    assert scans == [str(tmp_path / "out" / "b1")]


@pytest.mark.parametrize(
    "change",
    [
        {"size": 6},
        {"size": 0},
        {"size": "7"},
        {"story_id": "s2"},
        {"batch_id": "b2"},
    ],
)
def test_a_result_file_that_does_not_fit_counts_for_nothing(
    change: dict[str, object], tmp_path: Path
) -> None:
    record = store(tmp_path).video.with_suffix(".json")
    record.write_text(json.dumps(json.loads(record.read_text()) | change))
    assert find_finished(tmp_path / "out", a_story()) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_a_half_written_result_file_counts_for_nothing(content: bytes, tmp_path: Path) -> None:
    video = store(tmp_path).video
    video.with_suffix(".json").write_bytes(content)
    assert find_finished(tmp_path / "out", a_story()) is None
    video.with_suffix(".json").unlink()
    assert find_finished(tmp_path / "out", a_story()) is None
    assert store(tmp_path).video == video
    assert find_finished(tmp_path / "out", a_story()) is not None
    video.unlink()
    assert find_finished(tmp_path / "out", a_story()) is None


def test_leftovers_of_the_dead_are_removed_and_those_of_the_living_kept(tmp_path: Path) -> None:
    place = video_place(tmp_path / "out", a_story())
    place.parent.mkdir(parents=True)
    host, _, started, _ = new_mark().split(".")
    dead = place.with_name(f".{place.name}-{host}.4194999.{started}.00000000.part")
    reused = place.with_name(f".{place.name}-{host}.{os.getpid()}.1000.00000000.part")
    living = place.with_name(f".{place.name}-{new_mark()}.part")
    other_machine = place.with_name(f".{place.name}-00000000.1.1.00000000.part")
    long_ago = place.with_name(f".{place.name}-00000000.2.2.00000000.part")
    for part in (dead, reused, living, other_machine, long_ago):
        part.write_bytes(b"half")
    os.utime(long_ago, (1_000_000, 1_000_000))
    store(tmp_path)
    assert set(place.parent.glob("*.part")) == {living, other_machine}


def test_a_foreign_file_is_copied_also_behind_a_link(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.mp4"
    elsewhere.write_bytes(b"theirs")
    (tmp_path / "work").mkdir()
    link = tmp_path / "work" / "link.mp4"
    link.symlink_to(elsewhere)
    for source in (elsewhere, link):
        finished = store(tmp_path, source=source)
        assert finished.video.read_bytes() == elsewhere.read_bytes() == b"theirs"
        assert not finished.video.is_symlink()


def test_another_file_system_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "rename", refuse(errno.EXDEV))
    assert store(tmp_path).video.read_bytes() == b"a video"
    assert files(tmp_path) == ["1-a-title-s1.json", "1-a-title-s1.mp4"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_full_disk_leaves_nothing_half_made(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(_source: BinaryIO, target: BinaryIO, _chunk: int) -> None:
        target.write(b"ha")
        refuse(number)()

    monkeypatch.setattr(Path, "rename", refuse(errno.EXDEV))
    monkeypatch.setattr(shutil, "copyfileobj", half)
    with pytest.raises(OutputError) as caught:
        store(tmp_path)
    assert ("is full; make room" in str(caught.value)) == (number != errno.EIO)
    assert files(tmp_path) == []


def test_a_disk_that_is_full_for_the_result_file_makes_no_finished_video(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(tmp_path)
    synchronise = os.fsync
    calls = []

    def fail_second(fd: int) -> None:
        calls.append(fd)
        if len(calls) == 2:
            refuse(errno.ENOSPC)()
        synchronise(fd)

    monkeypatch.setattr(os, "fsync", fail_second)
    with pytest.raises(OutputError):
        store(tmp_path)
    assert files(tmp_path) == ["1-a-title-s1.mp4"]
    assert find_finished(tmp_path / "out", a_story()) is None


def test_an_output_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(OutputError, match="check GT_OUTPUT"):
        store(tmp_path)


@given(url=st.text(min_size=1), batch=st.text(), name=st.text())
def test_no_title_leads_out_of_the_output_folder(url: str, batch: str, name: str) -> None:
    output = Path("/out")
    story = a_story().model_copy(update={"url": url, "batch_id": batch, "story_id": name})
    place = video_place(output, story)
    assert place.parent.parent == output
    assert ".." not in place.parts
    assert place.name.startswith("1-")
    assert len(place.name) > len("1-.mp4")


@pytest.mark.parametrize(
    "url",
    [
        "https://www.reddit.com/r/x/comments/abc/..%2f..%2f/",
        "https://www.reddit.com/r/x/comments/abc/" + "long" * 500,
        "file:///tmp/%2e%2e/%00.md",
        "http://[",
        "../../etc/passwd.md",
    ],
)
def test_odd_addresses_have_a_place(url: str, tmp_path: Path) -> None:
    story = a_story().model_copy(update={"url": url})
    assert store(tmp_path, story=story).video.parent == tmp_path / "out" / "b1"
    assert find_finished(tmp_path / "out", story) is not None


def test_a_video_of_another_text_or_other_options_is_not_the_story_s(tmp_path: Path) -> None:
    text = tmp_path / "story.md"
    text.write_text("Once upon a time.")
    story = a_story().model_copy(update={"url": text.as_uri()})
    workdir = tmp_path / "work"
    workdir.mkdir()
    (workdir / "made.mp4").write_bytes(b"a video")
    source = made_from(story.url, story.options, "studio")
    store_finished(
        tmp_path / "out",
        story,
        workdir / "made.mp4",
        workdir=workdir,
        attempt=1,
        project_id=None,
        video_s=None,
        duration_s=1.0,
        source=source,
    )
    found = find_finished(tmp_path / "out", story)
    assert found is not None
    assert found.made_from == source
    assert find_finished(tmp_path / "out", story.model_copy(update={"options": {"voice": "alto"}})) is None
    text.write_text("Once upon another time.")
    assert find_finished(tmp_path / "out", story) is None
    text.unlink()
    assert find_finished(tmp_path / "out", story) is not None, "what cannot be read here is not compared"
