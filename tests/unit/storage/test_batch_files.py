"""The files of a batch: what is its own goes, what is somebody else's stays, and no link leads out."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gt_common.batches import batch_journal, batch_lock
from gt_consumer.storage import batch_files
from gt_consumer.storage.batch_files import Entry
from gt_consumer.storage.checkpoints import Checkpoint, project_folder, write_checkpoint
from gt_consumer.storage.finished_videos import store_finished
from support.runner import a_story


def write(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def finish(output: Path, story_id: str = "s1") -> Path:
    """Store a finished video of batch b1, as a worker does."""
    workdir = output / ".work" / "b1" / "now"
    video = write(workdir / "made.mp4", "a video")
    done = store_finished(
        output,
        a_story(story_id),
        video,
        workdir=workdir,
        attempt=1,
        project_id=None,
        video_s=1.0,
        duration_s=1.0,
    )
    return done.video


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def remove(entries: Iterable[Entry]) -> list[Entry]:
    """Remove entries one after the other; return those that are gone."""
    return [entry for entry in entries if entry.remove()]


def test_videos_go_with_their_result_files_and_what_lies_beside_them(tmp_path: Path) -> None:
    video = finish(tmp_path)
    for suffix in (".srt", ".thumbnail.jpg", ".script.json"):
        write(video.with_suffix(suffix))
    write(video.parent / "b1.html")
    gone = remove(batch_files.video_files(tmp_path, "b1"))
    assert [entry.path.name for entry in gone if entry.is_video] == [video.name]
    assert sum(entry.size for entry in gone if entry.is_video) == len("a video")
    remove(batch_files.log_files(tmp_path, "b1"))
    assert not video.parent.exists()


def test_a_video_goes_before_the_result_file_that_names_it(tmp_path: Path) -> None:
    finish(tmp_path)
    order = [
        entry.path.suffix for entry in batch_files.video_files(tmp_path, "b1") if entry.path.stem[0] == "1"
    ]
    assert order == [".mp4", ".json"]


def test_without_the_videos_only_the_log_goes(tmp_path: Path) -> None:
    video = finish(tmp_path)
    write(video.parent / "batch.log")
    before = names(video.parent)
    assert [entry.path.name for entry in remove(batch_files.log_files(tmp_path, "b1"))] == ["batch.log"]
    assert names(video.parent) == before - {"batch.log"}


def test_files_of_others_stay_and_so_does_their_folder(tmp_path: Path) -> None:
    video = finish(tmp_path)
    record = {"batch_id": "b2", "story_id": "s9"}
    foreign = {
        write(video.parent / "notes.txt").name,
        write(video.parent / "2-of-another-batch-s9.json", json.dumps(record)).name,
        write(video.parent / "2-of-another-batch-s9.mp4").name,
        write(video.parent / "3-a-list.json", "[1]").name,
        write(video.parent / "4-broken.json", "{").name,
        write(video.parent / "my-film.mp4").name,
    }
    remove(batch_files.video_files(tmp_path, "b1"))
    remove(batch_files.log_files(tmp_path, "b1"))
    assert names(video.parent) == foreign


def test_no_link_leads_out_of_the_folders(tmp_path: Path) -> None:
    output, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    precious = {write(elsewhere / name) for name in ("film.mp4", "batch.log", "deep/film.mp4")}
    write(elsewhere / "1-x-s1.json", json.dumps({"batch_id": "b1", "story_id": "s1"}))
    everything = names(elsewhere)
    output.mkdir()
    for link in ("b1", "projects/b1", ".projects/b1", ".work/b1"):
        (output / link).parent.mkdir(exist_ok=True)
        (output / link).symlink_to(elsewhere)
    assert not batch_files.has_folder(output, "b1")
    for found in (batch_files.video_files, batch_files.log_files, batch_files.project_files):
        assert remove(found(output, "b1")) == []
    (output / "b1").unlink()
    (output / "projects" / "b1").unlink()
    (output / "b1").mkdir()
    (output / "b1" / "batch.log").symlink_to(elsewhere / "batch.log")
    (output / "b1" / "1-x-s1.json").symlink_to(elsewhere / "1-x-s1.json")
    inside = project_folder(output, a_story())
    inside.mkdir(parents=True)
    (inside / "assets").symlink_to(elsewhere)
    (inside / "film.mp4").symlink_to(elsewhere / "film.mp4")
    for found in (batch_files.video_files, batch_files.log_files, batch_files.project_files):
        remove(found(output, "b1"))
    assert not (output / "projects" / "b1").exists()
    assert names(elsewhere) == everything
    assert all(path.read_text() == "x" for path in precious)


def test_an_output_folder_that_is_a_link_is_the_users_choice(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    video = finish(tmp_path / "out")
    remove(batch_files.video_files(tmp_path / "out", "b1"))
    remove(batch_files.log_files(tmp_path / "out", "b1"))
    assert not video.parent.exists()


def test_notes_and_folders_of_projects_go_and_those_of_other_batches_stay(tmp_path: Path) -> None:
    for batch_id in ("b1", "b2"):
        story = a_story().model_copy(update={"batch_id": batch_id})
        write_checkpoint(tmp_path, story, Checkpoint(project_id="p"))
        write(project_folder(tmp_path, story) / "deep" / "asset.wav")
    write(tmp_path / ".work" / "b1" / "of-a-living-worker" / "draft.mp4")
    gone = remove(batch_files.project_files(tmp_path, "b1"))
    assert {entry.path.name for entry in gone if not entry.is_folder} == {"s1.json", "asset.wav"}
    assert names(tmp_path) == {
        ".projects/b2/s1.json",
        "projects/b2/s1/deep/asset.wav",
        ".work/b1/of-a-living-worker/draft.mp4",
    }


def test_a_batch_that_is_called_like_a_folder_of_all_batches_takes_nothing_along(tmp_path: Path) -> None:
    write(project_folder(tmp_path, a_story()) / "asset.wav")
    for found in (batch_files.video_files, batch_files.log_files):
        remove(found(tmp_path, "projects"))
    assert names(tmp_path) == {"projects/b1/s1/asset.wav"}


def test_journal_and_settings_are_found_and_an_empty_lock_does_not_count(tmp_path: Path) -> None:
    journal = write(batch_journal(tmp_path, "b1"), "a line")
    write(batch_lock(tmp_path, "b1"), "")
    write(batch_journal(tmp_path, "b2"))
    write(tmp_path / "out" / "b3" / "x")
    write(tmp_path / "out" / ".projects" / "b4" / "x.json")
    assert batch_files.local_batches(tmp_path, tmp_path / "out") == {"b1", "b2", "b3", "b4"}
    assert [entry.path for entry in remove(batch_files.state_files(tmp_path, "b1"))] == [journal]
    assert names(tmp_path) == {"batches/b1.json", "journals/b2.jsonl", "out/b3/x", "out/.projects/b4/x.json"}


def test_only_old_answers_of_reddit_are_found(tmp_path: Path) -> None:
    old, new = (write(tmp_path / "discovery" / f"{name}.json") for name in ("old", "new"))
    write(tmp_path / "discovery" / "notes.txt")
    for path in old, tmp_path / "discovery" / "notes.txt":
        os.utime(path, (0, 0))
    found = batch_files.cache_files(tmp_path, datetime(2026, 1, 1, tzinfo=UTC))
    assert [entry.path for entry in remove(found)] == [old]
    assert new.exists()


def test_a_file_that_cannot_be_removed_is_an_error(tmp_path: Path) -> None:
    video = finish(tmp_path)
    [found] = [entry for entry in batch_files.video_files(tmp_path, "b1") if entry.is_video][:1]
    gone = Entry(os.open(tmp_path, os.O_RDONLY), tmp_path / video.parent.name)
    with pytest.raises(OSError, match="Is a directory"):
        gone.remove()
    os.close(gone.folder)
    assert found.path == video
