"""The journal: what was confirmed is known again, whatever moment the producer died in."""

from __future__ import annotations

import asyncio
import errno
import os
from array import array
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gt_common.errors import PublishedOnlyInPartError, UsageError
from gt_producer.produce.journal import Journal
from gt_producer.produce.journal_state import Header, find_unfinished, journal_path, read_state

HEADER = Header("b", "gt", "f" * 64, "näme", {"team": "a"})
IDS = array("Q", range(1, 31))
STORIES = {f"{number:016x}": number for number in IDS}
OLDER = (
    '{"journal":1,"batch_id":"b","namespace":"gt","fingerprint":"f","name":null,"tags":{}}',
    '{"listed":[["000000000000000a",1],["000000000000000b",2],["no story",3]]}',
    '{"story_id":"000000000000000b","position":2}',
)
"""Lines of versions that recorded each confirm by itself."""


def write(folder: Path, confirmed: int = 30, *, sealed: bool = True, header: Header = HEADER) -> Path:
    with Journal.open(folder, header.batch_id) as journal:
        journal.begin(header)
        journal.list_stories(1, IDS)
        for position in range(1, confirmed + 1):
            journal.confirm([position])
        if sealed:
            journal.seal()
        return journal.path


def test_a_journal_says_again_what_was_written(tmp_path: Path) -> None:
    path = write(tmp_path)
    state = read_state(path)
    assert state.header == HEADER
    assert state.positions == STORIES
    assert (state.published, state.complete) == (30, True)
    assert path.stat().st_mode & 0o077 == 0


def test_what_is_written_is_known_at_once(tmp_path: Path) -> None:
    with Journal.open(tmp_path, "b") as journal:
        journal.begin(HEADER)
        journal.list_stories(1, IDS)
        journal.announce(range(1, 31))
        journal.confirm([3, 4, 6])
        # No close, no sync: a killed producer's lines are with the operating system already.
        for state in (journal.state, read_state(journal.path)):
            assert [n for n in STORIES.values() if n in state.confirmed] == [3, 4, 6]
            assert (len(state.announced), state.published) == (30, 3)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 3000))
def test_a_journal_torn_anywhere_is_read_mended_and_goes_on(tmp_path: Path, cut: int) -> None:
    path = write(tmp_path)
    content = path.read_bytes()
    first = content.index(b"\n") + 1
    torn = content[: max(first, min(cut, len(content)))]
    path.write_bytes(torn)
    with Journal.open(tmp_path, "b") as journal:
        state = journal.state
        assert state.published == max(0, torn.count(b"\n") - 2 - state.sealed)
        journal.list_stories(state.positions.last + 1, IDS[state.positions.last :])
        for position in STORIES.values():
            journal.confirm([position])
        journal.seal()
    assert read_state(path).complete
    assert read_state(path).positions == STORIES
    path.unlink()


def test_lines_that_a_power_loss_spoilt_cost_only_themselves(tmp_path: Path) -> None:
    path = write(tmp_path, confirmed=3, sealed=False)
    lines = path.read_bytes().split(b"\n")
    lines[3] = b"\x00" * len(lines[3])
    path.write_bytes(b"\n".join(lines))
    with Journal.open(tmp_path, "b") as journal:
        assert [n for n in STORIES.values() if n in journal.state.confirmed] == [1, 3]


def test_confirms_of_a_list_that_was_spoilt_do_not_count_for_the_next_one(tmp_path: Path) -> None:
    path = write(tmp_path, confirmed=5, sealed=False)
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([lines[0], b"\x00", *lines[2:]]))
    with Journal.open(tmp_path, "b") as journal:
        assert (len(journal.state.positions), journal.state.published) == (0, 0)
        journal.list_stories(1, array("Q", reversed(IDS)))
        assert journal.state.published == 0
    assert read_state(path).published == 0


def test_a_journal_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    path = tmp_path / "b.jsonl"
    path.write_text("".join(f"{line}\n" for line in OLDER))
    with Journal.open(tmp_path, "b") as journal:
        assert journal.state.positions == {"000000000000000a": 1, "000000000000000b": 2}
        assert journal.state.has_published("000000000000000b")
        assert not journal.state.has_published("000000000000000a")
        journal.confirm([1])
        journal.seal()
    assert read_state(path).complete


async def test_confirms_are_synced_beside_the_publishing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, synced = asyncio.get_running_loop(), asyncio.Event()
    monkeypatch.setattr("gt_producer.produce.journal.SYNC_S", 0.001)
    with Journal.open(tmp_path, "b") as journal:
        journal.begin(HEADER)
        journal.list_stories(1, IDS)
        monkeypatch.setattr("os.fsync", lambda _fd: loop.call_soon_threadsafe(synced.set))
        async with asyncio.timeout(30), journal.syncing():
            journal.confirm([1])
            await synced.wait()


async def test_a_disk_that_fails_beside_the_publishing_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_fd: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async def publish(journal: Journal) -> None:
        async with asyncio.timeout(30), journal.syncing():
            journal.confirm([1])
            await asyncio.Event().wait()

    monkeypatch.setattr("gt_producer.produce.journal.SYNC_S", 0.001)
    with Journal.open(tmp_path, "b") as journal:
        journal.begin(HEADER)
        with monkeypatch.context() as patch:
            patch.setattr("os.fsync", full)
            with pytest.raises(PublishedOnlyInPartError, match="No space left"):
                await publish(journal)


def test_two_producers_of_one_batch_do_not_interleave(tmp_path: Path) -> None:
    with Journal.open(tmp_path, "b") as journal:
        journal.begin(HEADER)
        with pytest.raises(UsageError, match="batch b is already being published by another gt-produce"):
            Journal.open(tmp_path, "b")
        with Journal.open(tmp_path, "c"):
            pass
    with Journal.open(tmp_path, "b") as journal:
        assert journal.state.header == HEADER


def test_a_journal_in_which_nothing_was_written_is_removed(tmp_path: Path) -> None:
    with Journal.open(tmp_path, "b") as journal:
        assert journal.path.exists()
    assert list(tmp_path.iterdir()) == []
    assert read_state(journal_path(tmp_path, "b")).header is None


@pytest.mark.parametrize("content", [b"notes of mine\n", b"\xff\xfe\n", b'{"journal": 2}\n', b"[]\n"])
def test_a_file_of_another_kind_is_not_touched(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "b.jsonl"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="is not a journal"):
        Journal.open(tmp_path, "b")
    assert path.read_bytes() == content


def test_a_state_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    for folder in (tmp_path / "state", tmp_path / "state" / "journals"):
        with pytest.raises(UsageError, match="GT_STATE_DIR"):
            Journal.open(folder, "b")


def test_what_cannot_be_a_journal_is_said(tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").mkdir()
    with pytest.raises(UsageError, match="is a folder, but the batch's journal belongs there"):
        Journal.open(tmp_path, "b")
    with pytest.raises(UsageError, match="File name too long; set GT_STATE_DIR"):
        Journal.open(tmp_path / ("x" * 300), "b")
    assert find_unfinished(tmp_path, HEADER) == [], "a folder hides no other journal"


def test_new_stories_open_a_sealed_batch_again(tmp_path: Path) -> None:
    write(tmp_path)
    with Journal.open(tmp_path, "b") as journal:
        journal.list_stories(31, array("Q", [0xF]))
        assert not journal.state.sealed
        journal.confirm([31])
        assert not journal.state.complete
        journal.seal()
        assert journal.state.complete


def test_an_unfinished_batch_of_the_very_same_list_is_found_the_newest_first(tmp_path: Path) -> None:
    def header(batch_id: str, namespace: str = "gt", fingerprint: str = "f" * 64) -> Header:
        return Header(batch_id, namespace, fingerprint)

    for age, (made, sealed) in enumerate(
        [
            (header("old"), False),
            (header("new"), False),
            (header("done"), True),
            (header("other-list", fingerprint="e" * 64), False),
            (header("other-fleet", namespace="x"), False),
        ]
    ):
        path = write(tmp_path, confirmed=30 if sealed else 5, sealed=sealed, header=made)
        os.utime(path, (1000 + age, 1000 + age))
    (tmp_path / "junk.jsonl").write_bytes(b"\xff")
    assert find_unfinished(tmp_path, HEADER) == ["new", "old"]
    assert find_unfinished(tmp_path / "missing", HEADER) == []
