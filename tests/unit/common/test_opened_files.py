"""Files are opened below given folders only, also when a link is made between the check and the opening."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gt_common import files
from gt_common.files import open_anywhere, open_below


def content(descriptor: int | None) -> str:
    """Read what was opened, and close it."""
    assert descriptor is not None
    with os.fdopen(descriptor) as file:
        return file.read()


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    """A folder with a file in a folder, beside one that is not below it."""
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "deep" / "file").write_text("mine")
    (tmp_path / "in-side").mkdir()
    (tmp_path / "in-side" / "file").write_text("theirs")
    return tmp_path / "in"


def test_a_file_below_one_of_the_folders_is_opened(inside: Path) -> None:
    assert content(open_below(inside / "deep" / "file", [inside / "none", inside])) == "mine"
    assert content(open_below(inside / ".." / "in" / "deep" / "file", [inside])) == "mine"


def test_another_file_is_not(inside: Path) -> None:
    other = inside.parent / "in-side" / "file"
    assert open_below(other, [inside]) is None
    assert open_below(inside / ".." / "in-side" / "file", [inside]) is None
    assert open_below(inside, [inside]) is None
    assert open_below(other, []) is None


def test_links_count_as_what_they_lead_to(inside: Path) -> None:
    (inside / "out").symlink_to(inside.parent / "in-side")
    (inside / "same").symlink_to(inside / "deep")
    linked = inside.parent / "linked"
    linked.symlink_to(inside)
    assert open_below(inside / "out" / "file", [inside]) is None
    assert content(open_below(inside / "same" / "file", [inside])) == "mine"
    assert content(open_below(inside / "deep" / "file", [linked])) == "mine"


@pytest.mark.parametrize("part", ["deep", "deep/file"])
def test_a_link_that_is_made_after_the_check_is_not_followed(
    part: str, inside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_in = files._open_in

    def late(root: Path, parts: tuple[str, ...]) -> int:
        target = inside.parent / "in-side"
        (inside / part).rename(inside / "away")
        (inside / part).symlink_to(target / "file" if "/" in part else target)
        return open_in(root, parts)

    monkeypatch.setattr(files, "_open_in", late)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(OSError, match=r"directory|symbolic links"):
        open_below(inside / "deep" / "file", [inside])
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_circle_of_links_and_a_named_pipe_do_not_hang(inside: Path) -> None:
    (inside / "circle").symlink_to(inside / "circle")
    with pytest.raises(OSError, match=r"circle|symbolic links"):
        open_below(inside / "circle", [inside])
    os.mkfifo(inside / "pipe")
    os.close(open_anywhere(inside / "pipe"))
    found = open_below(inside / "pipe", [inside])
    assert found is not None
    os.close(found)
