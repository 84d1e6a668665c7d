"""What holds URLs, options and errors of stories is for its owner only when it is made; set modes stay."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gt_common.files import make_state_folder, write_atomically
from gt_common.ledger import open_ledger
from support.samples.events import opened


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """Set the umask of most systems."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    """Return the permissions of a file."""
    return path.stat().st_mode & 0o777


def test_the_ledger_its_side_files_and_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "state" / "gt" / "ledger.db"
    with open_ledger(f"sqlite:///{path}") as ledger:
        ledger.apply([opened(1)])
        assert {file.name: mode(file) for file in path.parent.iterdir()} == {
            "ledger.db": 0o600,
            "ledger.db-wal": 0o600,
            "ledger.db-shm": 0o600,
        }
    assert (mode(path.parent), mode(path.parent.parent)) == (0o700, 0o700)


def test_modes_that_the_operator_set_stay(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o750)
    make_state_folder(folder / "journals")
    path = folder / "ledger.db"
    open_ledger(f"sqlite:///{path}").close()
    path.chmod(0o640)
    with open_ledger(f"sqlite:///{path}") as ledger:
        ledger.apply([opened(1)])
        assert mode(folder / "ledger.db-wal") == 0o640
    assert (mode(folder), mode(folder / "journals"), mode(path)) == (0o750, 0o700, 0o640)


def test_a_private_file_and_one_that_is_replaced(tmp_path: Path) -> None:
    secret, shared = tmp_path / "letters.jsonl", tmp_path / "report.html"
    write_atomically(secret, "{}", private=True)
    write_atomically(shared, "<html>")
    assert (mode(secret), mode(shared)) == (0o600, 0o644)
    secret.chmod(0o640)
    shared.chmod(0o664)
    write_atomically(secret, "{}", private=True)
    write_atomically(shared, "<html>")
    assert (mode(secret), mode(shared)) == (0o640, 0o664)
