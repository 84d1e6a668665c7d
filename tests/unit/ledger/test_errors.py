"""Whatever is wrong with a ledger is one clear line, without the password, and says how to mend it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.exc import OperationalError, ProgrammingError

from gt_common.errors import CredentialsRefusedError, GossipToonError, LedgerUnreachableError, UsageError
from gt_common.ledger import open_ledger
from gt_common.ledger.address import parse_address
from gt_common.ledger.translate import translated
from gt_common.messages import StoryStarted
from support.samples.events import opened, story_event


def check_line(error: GossipToonError) -> None:
    """See that an error's message is one line without the password of these tests."""
    assert "\n" not in str(error)
    assert "hunter2" not in str(error)


def test_importing_the_package_loads_no_database_library() -> None:
    code = (
        "import sys, gt_common.ledger; "
        "print([name for name in ('sqlalchemy', 'alembic', 'psycopg') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "not a URL"),
        ("ledger.db", "not a URL"),
        ("mysql://root:hunter2@localhost/gt", "unknown scheme mysql://"),
        ("postgresql+psycopg2://root:hunter2@localhost/gt", "unknown scheme"),
        ("postgresql://root:hunter2@localhost:many/gt", "not a URL"),
        ("postgresql://root:p@hunter2/w@localhost/gt", "write @ as %40"),
        ("sqlite://", "a file on disk"),
        ("sqlite:///:memory:", "a file on disk"),
        ("sqlite:///~nobody-of-that-name/ledger.db", "no home folder ~nobody-of-that-name"),
        ("sqlite:///~\0/ledger.db", "not a URL"),
        ("sqlite:////tmp/\0.db", "not a URL"),
    ],
)
def test_what_is_no_ledger_is_a_usage_error(url: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        open_ledger(url)
    check_line(caught.value)
    assert "GT_LEDGER_URL" in str(caught.value)


def test_a_missing_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gt_common.ledger.address.find_spec", lambda _name: None)
    with pytest.raises(UsageError, match=r"pip install 'gt-common\[postgres\]'"):
        open_ledger("postgresql://localhost/gt")


def test_the_home_folder_may_be_written_as_a_tilde(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert parse_address("sqlite:///~/gt/ledger.db").path == tmp_path / "gt" / "ledger.db"


def test_a_file_of_another_kind_is_not_touched(tmp_path: Path) -> None:
    file = tmp_path / "story.txt"
    file.write_text("Once upon a time, " * 100)
    with pytest.raises(LedgerUnreachableError, match=r"story\.txt.*file is not a database.*not a SQLite"):
        open_ledger(f"sqlite:///{file}")
    assert file.read_text() == "Once upon a time, " * 100


def test_a_folder_is_no_ledger(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnreachableError, match=r"unable to open database file.*check that the path"):
        open_ledger(f"sqlite:///{tmp_path}")


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LedgerUnreachableError, match=r"folder cannot be created.*GT_LEDGER_URL"):
        open_ledger(f"sqlite:///{tmp_path / 'file' / 'state' / 'ledger.db'}")


def test_a_read_only_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    open_ledger(f"sqlite:///{path}").close()
    with (
        open_ledger(f"sqlite:///file:{path}?mode=ro&uri=true") as ledger,
        pytest.raises(LedgerUnreachableError, match=r"readonly database.*must be writable"),
    ):
        ledger.apply([opened(1)])


def test_a_full_disk_is_said_and_leaves_the_ledger_whole(tmp_path: Path) -> None:
    with open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        ledger.apply([opened(1)])
        engine = ledger._database.engine

        def keep_small(connection: sqlite3.Connection, *_: object) -> None:
            connection.execute("PRAGMA max_page_count = 1")

        sqlalchemy_event.listen(engine, "checkout", keep_small)
        with pytest.raises(LedgerUnreachableError, match=r"database or disk is full.*make room"):
            ledger.apply([story_event(StoryStarted, number) for number in range(1, 500)])
        assert ledger.batches()[0].total == 1


def test_a_lock_that_stays_is_said_after_the_time_limit(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with open_ledger(f"sqlite:///{path}", timeout=0.05) as ledger:
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerUnreachableError, match=r"database is locked.*another program"):
            ledger.apply([opened(1)])
        holder.execute("ROLLBACK")
        holder.close()
        assert ledger.apply([opened(1)]) == 1


@pytest.mark.parametrize(
    "said",
    [
        'connection failed: FATAL:  password authentication failed for user "gt"',
        "connection failed: fe_sendauth: no password supplied",
        'FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "gt"',
        'FATAL:  role "gt" does not exist',
    ],
)
def test_a_refused_login_is_told_apart_from_an_outage(said: str) -> None:
    address = parse_address("postgresql://gt:hunter2@db.example/gt")
    with (
        pytest.raises(CredentialsRefusedError, match="user and password in GT_LEDGER_URL") as caught,
        translated(address),
    ):
        raise OperationalError("connect", {}, psycopg.OperationalError(f"{said}\nhunter2@"))
    assert "db.example" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_right_is_refused_too() -> None:
    address = parse_address("postgresql://gt:hunter2@db.example/gt")
    denied = psycopg.errors.InsufficientPrivilege("permission denied for schema public")
    with pytest.raises(CredentialsRefusedError, match="permission denied"), translated(address):
        raise ProgrammingError("CREATE TABLE secret", {"key": "hunter2"}, denied)


def test_statements_and_values_are_never_shown() -> None:
    address = parse_address("postgresql://gt:hunter2@db.example/gt")
    with pytest.raises(LedgerUnreachableError) as caught, translated(address):
        raise OperationalError("INSERT INTO t", {"url": "private"}, psycopg.OperationalError("server closed"))
    assert "private" not in str(caught.value)
    assert "INSERT" not in str(caught.value)
    check_line(caught.value)


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ('FATAL:  database "gt" does not exist', "create the database"),
        ("FATAL:  no such database: gt", "create the database"),
        ('prepared statement "_pg3_0" does not exist', "a pooler between here and the server"),
        ('prepared statement "_pg3_0" already exists', "a pooler between here and the server"),
        ('relation "gt_events" does not exist', "check GT_LEDGER_URL"),
        ("FATAL:  unsupported startup parameter: options", "ignore_startup_parameters"),
        ("FATAL:  query_wait_timeout", "raise its pool size"),
    ],
)
def test_a_remedy_belongs_to_what_is_wrong(said: str, remedy: str) -> None:
    address = parse_address("postgresql://gt:hunter2@db.example/gt")
    with pytest.raises(LedgerUnreachableError) as caught, translated(address):
        raise OperationalError("SELECT", {}, psycopg.OperationalError(said))
    assert remedy in str(caught.value).partition("; ")[2]
