"""Translates database errors into one clear line that names the ledger and the remedy."""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError

from gt_common.errors import (
    CredentialsRefusedError,
    GossipToonError,
    LedgerUnreachableError,
    MalformedMessageError,
    UsageError,
)
from gt_common.ledger import side_files
from gt_common.ledger.address import Address
from gt_common.redaction import redact

# Pattern in the text of the error, and the remedy. For SQLite see the codes in sqlite.org/rescode.html.
_REMEDIES = (
    ("database is locked", "another program holds it; stop that or try again"),
    ("database or disk is full", "make room on its disk"),
    ("readonly database", "its file and folder must be writable"),
    ("unable to open database file", "check that the path is a file and its folder is writable"),
    ("file is not a database", "GT_LEDGER_URL names a file that is not a SQLite database"),
    ("disk image is malformed", "restore the file from a backup"),
    ("disk i/o error", "check its disk"),
    ("could not extend", "make room on the server's disk"),
    ("lock timeout", "another program holds it; try again"),
    ("read-only transaction", "the server is a read-only copy; use the primary server"),
    ("relation .* already exists", "another program has tables with these names; use another database"),
    (
        "database .* does not exist|no such database",
        "create the database, or correct its name in GT_LEDGER_URL",
    ),
    (
        "prepared statement .* (already exists|does not exist)",
        "a pooler between here and the server mixes up sessions; use its transaction mode",
    ),
    ("unsupported startup parameter", "add it to ignore_startup_parameters of PgBouncer"),
    ("query_wait_timeout", "the pooler has no free connection; raise its pool size"),
)
_UNWRITABLE = "readonly database|unable to open database file"
# libpq reports a refused login without SQLSTATE, only with the server's text.
_REFUSALS = (
    "password authentication failed",
    "no password supplied",
    "authentication failed",
    "no pg_hba.conf entry",
    "permission denied",
    "is not permitted to log in",
)
_REFUSED_STATES = {"28P01", "28000", "42501"}


@contextmanager
def translated(address: Address) -> Iterator[None]:
    """Translate database errors raised in the block.

    Raises:
        LedgerUnreachableError: the ledger cannot be used now
        CredentialsRefusedError: the user, the password or an operation was refused
        MalformedMessageError: the database cannot store a value
        UsageError: a newer version stored what is read
    """
    try:
        yield
    except ValidationError:
        raise UsageError(
            f"the ledger {address.label} has events that this version cannot read, so a newer one wrote "
            "them; upgrade gt-common"
        ) from None
    except (OverflowError, UnicodeEncodeError) as error:
        raise MalformedMessageError(f"the ledger cannot store an event: {error}") from None
    except Exception as error:
        if (translation := _translation(address, error)) is None:
            raise
        raise translation from None


def _translation(address: Address, error: Exception) -> GossipToonError | None:
    """Return the error of the project for one of a database; None if it is neither."""
    if isinstance(error, sqlite3.Error):
        unstorable = isinstance(error, (sqlite3.DataError, sqlite3.IntegrityError))
        return _storing(error) if unstorable else _unusable(address, _one_line(error), None)
    if "sqlalchemy" not in sys.modules:
        return None
    from sqlalchemy import exc

    if isinstance(error, exc.StatementError):
        said = error.orig or error
        if isinstance(error, (exc.DataError, exc.IntegrityError)) or isinstance(
            said, (OverflowError, UnicodeEncodeError)
        ):
            return _storing(said)
        state = getattr(said, "sqlstate", None) if isinstance(error, exc.DBAPIError) else None
        # The text of SQLAlchemy's own error would show values.
        return _unusable(address, _one_line(said), state)
    return _unusable(address, _one_line(error), None) if isinstance(error, exc.TimeoutError) else None


def _storing(error: BaseException) -> MalformedMessageError:
    return MalformedMessageError(f"the ledger cannot store an event: {_one_line(error)}")


def _unusable(address: Address, reason: str, state: str | None) -> GossipToonError:
    lower = reason.lower()
    role_missing = 'role "' in lower and "does not exist" in lower
    if state in _REFUSED_STATES or role_missing or any(text in lower for text in _REFUSALS):
        return CredentialsRefusedError(
            f"the ledger {address.label} refused: {reason}; check the user and password in GT_LEDGER_URL"
        )
    return LedgerUnreachableError(
        f"the ledger {address.label} cannot be used: {reason}; {_remedy(address, lower)}"
    )


def _remedy(address: Address, said: str) -> str:
    if address.path is not None and re.search(_UNWRITABLE, said):
        problem = side_files.unwritable(address.path)
        if problem:
            return problem
    return next((remedy for pattern, remedy in _REMEDIES if re.search(pattern, said)), "check GT_LEDGER_URL")


def _one_line(error: BaseException) -> str:
    """Return the database's own text on one line."""
    return redact(" ".join(str(error).split()))[:300]
