"""Locks on files: one holder, gone with its process, and no empty file left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gt_common.files import locked

HOLDER = """
import sys
from pathlib import Path
from gt_common.files import locked
with locked(Path(sys.argv[1])) as descriptor:
    import os
    os.write(descriptor, b"held")
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_only_one_holds_a_file_and_a_kill_releases_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"locked\n"
        with pytest.raises(BlockingIOError), locked(path, wait=False):
            pass
    finally:
        holder.kill()
        holder.communicate()
    with locked(path, wait=False) as descriptor:
        assert os.pread(descriptor, 10, 0) == b"held", "the content survives, and opening truncates nothing"


def test_who_waits_gets_the_lock_of_the_file_that_is_there(tmp_path: Path) -> None:
    """The first holder leaves the file empty, so it is removed while the second waits for its lock."""
    path, order = tmp_path / "file", list[str]()

    def second() -> None:
        with locked(path) as descriptor:
            order.append("second")
            os.write(descriptor, b"x")

    with locked(path):
        waiting = threading.Thread(target=second)
        waiting.start()
        waiting.join(0.1)
        order.append("first")
    waiting.join(20)
    assert order == ["first", "second"]
    assert path.read_bytes() == b"x"


def test_appended_and_empty_files(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with locked(path, append=True) as descriptor:
        os.write(descriptor, b"1")
    with locked(path, append=True) as descriptor:
        os.write(descriptor, b"2")
        assert path.read_bytes() == b"12"
        os.ftruncate(descriptor, 0)
    assert not path.exists()
