"""Several threads that make names of a folder durable: together, and none too early."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gt_consumer.storage.shared_sync import SharedSync
from support.waiting import until

FOLDER = Path("/videos/b1")
DEADLINE_S = 60.0


class Disk:
    """Says when a synchronisation begins, and lets it end when the test says so."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.may_end = threading.Semaphore(0)
        self.folders: list[Path] = []

    def sync(self, folder: Path) -> None:
        self.folders.append(folder)
        self.begun.release()
        assert self.may_end.acquire(timeout=DEADLINE_S)

    def wait_begun(self) -> None:
        assert self.begun.acquire(timeout=DEADLINE_S)


async def test_those_that_come_meanwhile_share_the_next_one() -> None:
    disk = Disk()
    shared = SharedSync(disk.sync)
    with ThreadPoolExecutor(6) as threads:
        first = threads.submit(shared, FOLDER)
        disk.wait_begun()
        others = [threads.submit(shared, FOLDER) for _ in range(5)]
        await until(lambda: shared._folders[FOLDER].waiting == 6, every=0.005)
        disk.may_end.release()
        first.result(DEADLINE_S)
        disk.wait_begun()
        assert not any(other.done() for other in others), "what came meanwhile may have been missed"
        disk.may_end.release()
        for other in others:
            other.result(DEADLINE_S)
    assert len(disk.folders) == 2
    assert not shared._folders


def test_folders_do_not_wait_for_each_other() -> None:
    disk = Disk()
    shared = SharedSync(disk.sync)
    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(shared, FOLDER / name) for name in ("x", "y")]
        disk.wait_begun()
        disk.wait_begun()
        disk.may_end.release(2)
        for one in both:
            one.result(DEADLINE_S)


def test_a_failure_lets_the_next_one_try() -> None:
    tries = iter([OSError("no"), None])

    def sync(_: Path) -> None:
        if error := next(tries):
            raise error

    shared = SharedSync(sync)
    with pytest.raises(OSError, match="no"):
        shared(FOLDER)
    shared(FOLDER)
    assert not shared._folders
