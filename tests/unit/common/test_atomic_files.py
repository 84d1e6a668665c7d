"""`write_atomically`: whole or not at all, the error that the caller wants, and no draft left."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from gt_common import files
from gt_common.errors import LedgerUnreachableError, OutputError
from gt_common.files import write_atomically


def test_the_folder_is_made_and_no_draft_is_left(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "note.json"
    assert write_atomically(path, "1") == path
    assert write_atomically(path, b"22", draft=path.with_name(".draft")) == path
    assert path.read_bytes() == b"22"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [OutputError, LedgerUnreachableError])
def test_a_failure_keeps_the_old_file_and_raises_the_error_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[OutputError | LedgerUnreachableError]
) -> None:
    path = write_atomically(tmp_path / "note", "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(error, match=r"cannot be written to .*note: No space left on device"):
        write_atomically(path, "new", error=error)
    with pytest.raises(OSError, match="No space left on device"):
        write_atomically(path, "new", error=None)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_draft_of_somebody_else_is_not_overwritten(tmp_path: Path) -> None:
    draft = tmp_path / ".draft"
    draft.write_text("another process writes here")
    with pytest.raises(FileExistsError):
        write_atomically(tmp_path / "note", "text", draft=draft, error=None)
    assert not (tmp_path / "note").exists()


def test_a_file_system_that_cannot_synchronise_folders_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = os.fsync

    def only_files(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(22, "Invalid argument")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", only_files)
    assert write_atomically(tmp_path / "note", "text").read_text() == "text"
    with pytest.raises(OSError, match="Invalid argument"):
        files.sync_folder(tmp_path)
