"""Readers of a SQLite ledger that belongs to another user: they need the right to read and leave nothing."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from gt_common.errors import LedgerUnreachableError, UsageError
from gt_common.ledger import open_ledger, read_ledger
from gt_common.messages import StorySucceeded
from support.as_user import ALICE, BOB, GROUP, as_user, needs_root
from support.ledger_versions import take_back
from support.samples.events import BATCH, opened, story_event
from support.unique import unique


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Path]:
    """Yield a folder that two users of one group may write."""
    write(tmp_path)  # loads every module now: these users may not be able to read Python's own files
    total(tmp_path)
    folder = Path(tempfile.mkdtemp(prefix="gt-shared-"))
    os.chown(folder, ALICE, GROUP)
    folder.chmod(0o775)
    # A ledger is made for its owner only; a mode that was set, here for the group to read, stays.
    ledger = folder / "ledger.db"
    ledger.touch()
    ledger.chmod(0o644)
    os.chown(ledger, ALICE, GROUP)
    yield folder
    shutil.rmtree(folder)


def url_of(folder: Path) -> str:
    """Return the ledger's URL."""
    return f"sqlite:///{folder / 'ledger.db'}"


def write(folder: Path, number: int = 1, timeout: float = 10.0) -> int:
    """Store a success; return how many events were new."""
    with open_ledger(url_of(folder), timeout=timeout) as ledger:
        return ledger.apply([opened(9), story_event(StorySucceeded, number)])


def total(folder: Path) -> int:
    """Return the number of stories with a success."""
    with read_ledger(url_of(folder)) as ledger:
        return len(ledger.batch(BATCH).stories)


def owners(folder: Path) -> dict[str, int]:
    """Return the owner of each file."""
    return {file.name: file.stat().st_uid for file in folder.iterdir()}


@needs_root
def test_a_reader_leaves_no_file_so_the_owner_writes_on(shared: Path) -> None:
    as_user(ALICE, partial(write, shared))
    assert as_user(BOB, partial(total, shared)) == 1
    assert owners(shared) == {"ledger.db": ALICE}
    assert as_user(ALICE, partial(write, shared, 2)) == 2
    assert as_user(BOB, partial(total, shared)) == 2


@needs_root
def test_a_reader_sees_what_a_running_writer_has_committed(shared: Path) -> None:
    def write_while_bob_reads() -> None:
        with open_ledger(url_of(shared)) as ledger:
            ledger.apply([opened(9), story_event(StorySucceeded)])
            asked.set()
            assert answered.wait(30)

    context = multiprocessing.get_context("fork")
    asked, answered = context.Event(), context.Event()
    writer = context.Process(target=as_user, args=(ALICE, write_while_bob_reads))
    writer.start()
    assert asked.wait(30)
    try:
        assert as_user(BOB, partial(total, shared)) == 1
        in_use = {"ledger.db": ALICE, "ledger.db-wal": ALICE, "ledger.db-shm": ALICE}
        assert owners(shared) == in_use
    finally:
        answered.set()
        writer.join(30)
    assert writer.exitcode == 0
    assert owners(shared) == {"ledger.db": ALICE}


@needs_root
def test_what_a_killed_writer_left_is_read_too(shared: Path) -> None:
    def die() -> None:
        ledger = open_ledger(url_of(shared))
        ledger.apply([opened(9), story_event(StorySucceeded)])
        os._exit(9)

    with pytest.raises(EOFError):
        as_user(ALICE, die)
    left = owners(shared)
    assert set(left) == {"ledger.db", "ledger.db-wal", "ledger.db-shm"}
    assert as_user(BOB, partial(total, shared)) == 1
    assert owners(shared) == left
    (shared / "ledger.db-shm").unlink()
    with pytest.raises(LedgerUnreachableError, match=rf"ledger\.db-wal beside it.*let {ALICE} run gt-report"):
        as_user(BOB, partial(total, shared))
    assert as_user(ALICE, partial(total, shared)) == 1
    assert as_user(BOB, partial(total, shared)) == 1


@needs_root
def test_the_right_to_read_is_enough(shared: Path) -> None:
    as_user(ALICE, partial(write, shared))
    (shared / "ledger.db").chmod(0o444)
    shared.chmod(0o555)
    assert as_user(BOB, partial(total, shared)) == 1
    (shared / "ledger.db").chmod(0o400)
    with pytest.raises(LedgerUnreachableError, match=f"Permission denied; it belongs to {ALICE}; ask for"):
        as_user(BOB, partial(total, shared))


@needs_root
def test_an_older_ledger_is_upgraded_by_its_owner_only(shared: Path) -> None:
    def make_old() -> None:
        with open_ledger(url_of(shared)) as ledger:
            take_back(ledger, "0001")

    as_user(ALICE, partial(write, shared))
    as_user(ALICE, make_old)
    with pytest.raises(UsageError, match=r"has schema 0001.*let gt-aggregate of this version run once"):
        as_user(BOB, partial(total, shared))
    assert owners(shared) == {"ledger.db": ALICE}
    assert as_user(ALICE, partial(total, shared)) == 1
    assert as_user(BOB, partial(total, shared)) == 1


@needs_root
def test_a_foreign_side_file_is_named_and_the_writer_works_again_once_it_is_given_back(shared: Path) -> None:
    def take(files: list[Path], uid: int) -> None:
        for file in files:
            os.chown(file, uid, GROUP)

    as_user(ALICE, partial(write, shared))
    keeper = sqlite3.connect(shared / "ledger.db")
    keeper.execute("SELECT count(*) FROM gt_events").fetchall()  # the side files exist now
    sides = [shared / "ledger.db-wal", shared / "ledger.db-shm"]
    take(sides, BOB)

    context = multiprocessing.get_context("fork")
    given_back, said = context.Event(), context.SimpleQueue()

    def work() -> None:
        with open_ledger(url_of(shared)) as ledger:
            try:
                ledger.apply([story_event(StorySucceeded, 2)])
            except LedgerUnreachableError as error:
                said.put(str(error))
            assert given_back.wait(30)
            said.put(ledger.apply([story_event(StorySucceeded, 2)]))

    writer = context.Process(target=as_user, args=(ALICE, work))
    writer.start()
    problem = said.get()
    assert f"its side file {sides[0]} belongs to {BOB}" in problem
    assert f"chown {ALICE} {sides[0]}" in problem
    take(sides, ALICE)
    given_back.set()
    assert said.get() == 1
    writer.join(30)
    keeper.close()


def test_there_is_no_ledger_yet(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    with read_ledger(url_of(folder)) as ledger:
        assert (ledger.batches(), ledger.version()) == ([], 0)
        assert not folder.exists()
        folder.mkdir()
        write(folder)
        assert [batch.batch_id for batch in ledger.batches()] == [BATCH]


@pytest.fixture
def reader_url(postgres_url: str) -> Iterator[str]:
    """Yield the URL of a role that may read all tables of the database and make none."""
    role = sql.Identifier(unique("gt_test_"))
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'right'").format(role))
        connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        connection.execute(
            sql.SQL("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {}").format(role)
        )
        name = role.as_string(connection).strip('"')
        url = make_url(postgres_url).set(username=name, password="right")
        yield url.render_as_string(hide_password=False)
        connection.execute(sql.SQL("DROP OWNED BY {}").format(role))
        connection.execute(sql.SQL("DROP ROLE {}").format(role))


@pytest.mark.postgres
def test_a_role_that_may_only_read_is_enough(postgres_url: str, reader_url: str) -> None:
    with read_ledger(reader_url) as reader:
        assert reader.batches() == []
    with open_ledger(postgres_url) as ledger:
        ledger.apply([opened(1), story_event(StorySucceeded)])
    with read_ledger(reader_url) as reader:
        assert reader.batch(BATCH).total == 1


def _write_for_long(folder: Path, count: int) -> None:
    for number in range(1, count + 1):
        write(folder, number)  # each opens and closes the ledger, which deletes the side files


def test_a_reader_beside_writers_that_come_and_go_never_sees_half_a_commit(tmp_path: Path) -> None:
    write(tmp_path, 1)
    writer = multiprocessing.get_context("fork").Process(target=_write_for_long, args=(tmp_path, 60))
    writer.start()
    seen = [total(tmp_path)]
    while writer.is_alive():
        seen.append(total(tmp_path))
    writer.join()
    seen.append(total(tmp_path))
    assert writer.exitcode == 0
    assert seen == sorted(seen)
    assert seen[-1] == 60
    write(tmp_path)  # deletes what a writer left because a reader was there at its end
    assert {file.name for file in tmp_path.iterdir()} == {"ledger.db"}
