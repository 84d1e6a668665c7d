"""Notes of begun projects, and working folders."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gt_consumer.storage.checkpoints import Checkpoint, read_checkpoint, remove_checkpoint, write_checkpoint
from gt_consumer.storage.names import new_mark
from gt_consumer.storage.workdirs import make_workdir, remove_stale_workdirs, remove_workdir
from support.runner import a_story

P1 = Checkpoint(project_id="p1", generation=2, stages=("story", "voice"), unended=1, failed_at=(2, 3))


def test_a_noted_project_is_remembered_until_forgotten(tmp_path: Path) -> None:
    assert read_checkpoint(tmp_path, a_story()) is None
    write_checkpoint(tmp_path, a_story(), Checkpoint(project_id="p0"))
    write_checkpoint(tmp_path, a_story(), P1)
    assert read_checkpoint(tmp_path, a_story()) == P1
    assert read_checkpoint(tmp_path, a_story("s2")) is None
    assert os.listdir(tmp_path / ".projects" / "b1") == ["s1.json"]  # noqa: PTH208 - dot files count
    remove_checkpoint(tmp_path, a_story())
    remove_checkpoint(tmp_path, a_story())
    assert read_checkpoint(tmp_path, a_story()) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"project_id": 7}', '{"project_id": " "}', '{"project_id": "--exec=x"}', "[" * 10**5],
)
def test_a_broken_note_is_none(content: str, tmp_path: Path) -> None:
    write_checkpoint(tmp_path, a_story(), P1)
    (tmp_path / ".projects" / "b1" / "s1.json").write_text(content)
    assert read_checkpoint(tmp_path, a_story()) is None


@pytest.mark.parametrize(
    ("note", "generation", "attempt", "fresh", "resumable"),
    [
        ({}, 1, 1, False, True),
        ({"failed_at": (1, 2)}, 1, 2, False, True),
        ({"failed_at": (1, 2)}, 1, 3, False, False),
        ({"failed_at": (1, 2)}, 2, 1, False, False),
        ({"unended": 2}, 1, 2, False, True),
        ({"unended": 3}, 1, 3, False, False),
        ({}, 2, 1, True, False),
        ({"generation": 2}, 2, 2, True, True),
    ],
)
def test_a_project_is_resumed_unless_that_has_led_nowhere(
    note: dict[str, object], generation: int, attempt: int, fresh: bool, resumable: bool
) -> None:
    story = a_story().model_copy(update={"generation": generation, "fresh": fresh})
    checkpoint = Checkpoint.model_validate({"project_id": "p1", **note})
    assert checkpoint.resumable(story, attempt) is resumable


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
