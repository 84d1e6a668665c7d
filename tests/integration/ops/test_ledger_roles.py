"""The users of a PostgreSQL ledger: one owns and writes it, one reads it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from gt_common.errors import CredentialsRefusedError
from gt_common.ledger import open_ledger
from support.samples.events import BATCH, opened
from support.samples.reports import finished_events
from support.unique import unique

pytestmark = pytest.mark.postgres
SCRIPT = Path(__file__).resolve().parents[3] / "ops" / "postgres" / "make_roles.sh"
PASSWORDS = {"POSTGRES_LEDGER_PASSWORD": "it's owner", "POSTGRES_REPORT_PASSWORD": 'a"reader'}


@dataclass(frozen=True)
class Roles:
    """A database, and how its two users reach it."""

    database: str
    owner: str
    reader: str

    def make(self, **passwords: str) -> subprocess.CompletedProcess[str]:
        """Run the script on the database."""
        names = [f"{word}={make_url(url).username}" for word, url in self.by_word().items()]
        arguments = [word for name in names for word in ("--set", name)]
        return subprocess.run(
            [SCRIPT, *arguments, self.database],
            env=os.environ | PASSWORDS | passwords,
            capture_output=True,
            text=True,
            timeout=90,
        )

    def by_word(self) -> dict[str, str]:
        """Return the URLs by psql's variables."""
        return {"owner": self.owner, "reader": self.reader}


@pytest.fixture
def roles(postgres_server: str, postgres_url: str) -> Iterator[Roles]:
    """Yield an empty database with both users; they are dropped afterwards, for they belong to the server."""
    token = unique("")
    urls = [make_url(postgres_url).set(username=f"gt_test_{word}_{token}") for word in ("owner", "reader")]
    roles = Roles(postgres_url, *(url.render_as_string(hide_password=False) for url in urls))
    made = roles.make()
    assert (made.returncode, made.stdout.strip(), made.stderr) == (0, "", "")
    yield roles
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        for url in urls:
            name = sql.Identifier(url.username or "")
            connection.execute(sql.SQL("REASSIGN OWNED BY {} TO CURRENT_USER").format(name))
            connection.execute(sql.SQL("DROP OWNED BY {}").format(name))
            connection.execute(sql.SQL("DROP ROLE {}").format(name))


def run(command: str, *arguments: str, ledger: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run an installed command with a ledger and nothing else set."""
    return subprocess.run(
        [Path(sys.executable).with_name(command), *arguments],
        env=os.environ | {"GT_LEDGER_URL": ledger, "GT_STATE_DIR": str(cwd / "state"), "COLUMNS": "80"},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_reports_and_lists_of_dead_letters_need_the_right_to_read_only(roles: Roles, tmp_path: Path) -> None:
    with open_ledger(roles.owner) as ledger:
        ledger.apply(finished_events())
    shown = run("gt-report", "--json", ledger=roles.reader, cwd=tmp_path)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert [batch["batch_id"] for batch in json.loads(shown.stdout)] == [BATCH]
    page = run("gt-report", BATCH, "--html", "page.html", ledger=roles.reader, cwd=tmp_path)
    assert (page.returncode, (tmp_path / "page.html").is_file()) == (0, True)
    listed = run("gt-dlq", "list", "--json", ledger=roles.reader, cwd=tmp_path)
    assert json.loads(listed.stdout)["schema"] == 1
    assert "ledger" not in listed.stderr


def test_the_reader_changes_nothing(roles: Roles) -> None:
    with open_ledger(roles.owner) as ledger:
        ledger.apply([opened(1)])
    with open_ledger(roles.reader) as ledger:
        assert [batch.batch_id for batch in ledger.batches()] == [BATCH]
        with pytest.raises(CredentialsRefusedError, match="permission denied"):
            ledger.apply(finished_events())
    with psycopg.connect(roles.reader) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("CREATE TABLE public.mine (n int)")


def test_tables_of_a_newer_version_are_readable_too(roles: Roles) -> None:
    with psycopg.connect(roles.owner) as connection:
        connection.execute("CREATE TABLE later (n int)")
    with psycopg.connect(roles.reader) as connection:
        assert connection.execute("SELECT count(*) FROM later").fetchone() == (0,)


def test_the_owner_is_no_administrator_and_others_may_not_connect(roles: Roles, postgres_server: str) -> None:
    with psycopg.connect(roles.owner) as connection:
        rights = "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        assert connection.execute(rights).fetchone() == (False, False, False)
        public = "SELECT has_database_privilege('public', current_database(), 'CONNECT')"
        assert connection.execute(public).fetchone() == (False,)


def test_it_may_run_again_for_new_passwords(roles: Roles, postgres_url: str) -> None:
    user = make_url(roles.reader).username
    stored = "SELECT rolpassword FROM pg_authid WHERE rolname = %s"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        before = connection.execute(stored, [user]).fetchone()
        assert roles.make(POSTGRES_REPORT_PASSWORD="another").returncode == 0
        after = connection.execute(stored, [user]).fetchone()
    assert before
    assert after
    assert before != after


def test_a_missing_password_is_named(roles: Roles) -> None:
    made = roles.make(POSTGRES_REPORT_PASSWORD="")
    assert made.returncode == 2
    assert made.stderr == "make_roles: no password in POSTGRES_REPORT_PASSWORD; see .env.example\n"


def test_before_the_aggregator_has_started_there_is_nothing_to_report(roles: Roles, tmp_path: Path) -> None:
    shown = run("gt-report", ledger=roles.reader, cwd=tmp_path)
    assert shown.returncode == 0
    assert shown.stdout.startswith("No batches yet")


def test_a_reader_who_is_to_create_the_tables_is_told_who_does(roles: Roles) -> None:
    with pytest.raises(CredentialsRefusedError, match="start gt-aggregate with the user who owns the ledger"):
        open_ledger(roles.reader)
