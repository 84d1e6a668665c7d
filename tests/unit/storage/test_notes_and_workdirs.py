"""Notes of begun projects, and working folders."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gt_consumer.storage.checkpoints import forget_project, note_project, noted_project
from gt_consumer.storage.names import new_mark
from gt_consumer.storage.workdirs import make_workdir, remove_stale_workdirs, remove_workdir
from support.runner import a_story


def test_a_noted_project_is_remembered_until_forgotten(tmp_path: Path) -> None:
    assert noted_project(tmp_path, a_story()) is None
    note_project(tmp_path, a_story(), "p1")
    note_project(tmp_path, a_story(), "p2")
    assert noted_project(tmp_path, a_story()) == "p2"
    assert noted_project(tmp_path, a_story("s2")) is None
    assert os.listdir(tmp_path / "projects" / "b1") == ["s1.json"]  # noqa: PTH208 - dot files count
    forget_project(tmp_path, a_story())
    forget_project(tmp_path, a_story())
    assert noted_project(tmp_path, a_story()) is None


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"project_id": 7}', '{"project_id": " "}'])
def test_a_broken_note_is_none(content: str, tmp_path: Path) -> None:
    note_project(tmp_path, a_story(), "p1")
    (tmp_path / "projects" / "b1" / "s1.json").write_text(content)
    assert noted_project(tmp_path, a_story()) is None


def test_each_attempt_has_a_folder_of_its_own_that_goes_with_it(tmp_path: Path) -> None:
    folders = [make_workdir(tmp_path, a_story(), 1) for _ in range(2)]
    assert folders[0] != folders[1]
    assert all(folder.parent == tmp_path / ".work" / "b1" for folder in folders)
    assert all(folder.name.startswith("s1-1-") for folder in folders)
    (folders[0] / "deep").mkdir()
    (folders[0] / "deep" / "file").touch()
    remove_workdir(folders[0])
    assert list((tmp_path / ".work" / "b1").iterdir()) == [folders[1]]
    remove_workdir(folders[1])
    assert list(tmp_path.iterdir()) == []


def test_folders_of_dead_workers_are_removed_and_no_others(tmp_path: Path) -> None:
    living = make_workdir(tmp_path, a_story(), 1)
    host, _, started, _ = new_mark().split(".")
    dead = living.with_name(f"s1-1-{host}.4194999.{started}.00000000")
    strange = living.with_name("somebody-else")
    for folder in (dead, strange):
        folder.mkdir()
        (folder / "file").touch()
    assert remove_stale_workdirs(tmp_path) == 1
    assert set(living.parent.iterdir()) == {living, strange}
    assert remove_stale_workdirs(tmp_path / "nowhere") == 0


def test_tidying_beside_workers_that_remove_their_own_folders_fails_nobody(tmp_path: Path) -> None:
    """Two threads create and remove an attempt's folder, and so its batch's, while a third one tidies."""
    until = time.monotonic() + 0.5

    def work(batch: str) -> int:
        made, story = 0, a_story().model_copy(update={"batch_id": batch})
        while time.monotonic() < until:
            remove_workdir(make_workdir(tmp_path, story, 1))
            made += 1
        return made

    with ThreadPoolExecutor() as threads:
        workers = [threads.submit(work, batch) for batch in ("b1", "b2")]
        while time.monotonic() < until:
            assert remove_stale_workdirs(tmp_path) == 0
        assert all(worker.result() > 10 for worker in workers)
