"""Translates database errors into one clear line that names the ledger and the remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

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
_UNSTORABLE = (DataError, IntegrityError)
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
    except StatementError as error:
        if isinstance(error, _UNSTORABLE) or isinstance(error.orig, (OverflowError, UnicodeEncodeError)):
            raise MalformedMessageError(f"the ledger cannot store an event: {_reason(error)}") from None
        raise _unusable(address, error) from None
    except PoolTimeoutError as error:
        raise _unusable(address, error) from None


def _unusable(address: Address, error: SQLAlchemyError) -> GossipToonError:
    reason = _reason(error)
    lower = reason.lower()
    state = getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None
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


def _reason(error: SQLAlchemyError) -> str:
    """Return the database's own text on one line; SQLAlchemy's text would show values."""
    said = str(error.orig) if isinstance(error, StatementError) and error.orig else str(error)
    return redact(" ".join(said.split()))[:300]
