"""How PostgreSQL answers users without a login, a right or a database."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from gt_common.errors import CredentialsRefusedError, LedgerUnreachableError
from gt_common.ledger import open_ledger
from support.unique import unique

pytestmark = pytest.mark.postgres


@pytest.fixture
def role(postgres_server: str) -> Iterator[str]:
    """Yield a role that may log in and do nothing else."""
    name = unique("gt_test_")
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'right'").format(sql.Identifier(name)))
        yield name
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def as_user(url: str, user: str, password: str) -> str:
    """Return the URL with another user."""
    return make_url(url).set(username=user, password=password).render_as_string(hide_password=False)


def test_an_unknown_user_is_refused(postgres_url: str) -> None:
    with pytest.raises(CredentialsRefusedError, match="GT_LEDGER_URL") as caught:
        open_ledger(as_user(postgres_url, "gt_test_nobody", "hunter2"))
    assert "hunter2" not in str(caught.value)


def test_a_user_who_may_not_log_in_is_refused(postgres_server: str, postgres_url: str, role: str) -> None:
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER ROLE {} NOLOGIN").format(sql.Identifier(role)))
    with pytest.raises(CredentialsRefusedError, match="GT_LEDGER_URL"):
        open_ledger(as_user(postgres_url, role, "right"))


def test_a_user_who_may_not_make_tables_is_refused(postgres_url: str, role: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    with pytest.raises(CredentialsRefusedError, match="permission denied"):
        open_ledger(as_user(postgres_url, role, "right"))


def test_a_missing_database_is_said(postgres_url: str) -> None:
    missing = make_url(postgres_url).set(database="gt_test_missing").render_as_string(hide_password=False)
    with pytest.raises(LedgerUnreachableError, match="does not exist; create the database"):
        open_ledger(missing)
