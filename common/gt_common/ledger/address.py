"""The ledger's URL, checked and with its driver, and a label for it without the password."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from gt_common.errors import UsageError

_POSTGRES = {"postgres", "postgresql", "postgresql+psycopg"}
_FORMS = "write sqlite:///PATH or postgresql://USER@HOST/DATABASE, the password after the user"


@dataclass(frozen=True)
class Address:
    """Address of a ledger.

    Parameters:
        url: with the password and the driver, for SQLAlchemy
        label: to be shown, without the password
        path: the file of a SQLite ledger
    """

    url: URL
    label: str
    path: Path | None = None

    @property
    def sqlite(self) -> bool:
        """Whether it is a file on this machine, not a server."""
        return self.path is not None


def parse_address(text: str) -> Address:
    """Parse a ledger's URL.

    Raises:
        UsageError: the URL is invalid, or its driver is not installed
    """
    try:
        url = make_url(text.strip())
    except (ArgumentError, ValueError):
        raise UsageError(f"GT_LEDGER_URL: not a URL; {_FORMS}") from None
    if url.drivername == "sqlite":
        return _sqlite_address(url)
    if url.drivername not in _POSTGRES:
        raise UsageError(f"GT_LEDGER_URL: unknown scheme {url.drivername}://; {_FORMS}")
    if "@" in (url.host or "") or "@" in (url.database or "") or "/" in (url.database or ""):
        raise UsageError("GT_LEDGER_URL: in user name and password write @ as %40, : as %3A and / as %2F")
    if find_spec("psycopg") is None:
        raise UsageError(
            "a ledger in PostgreSQL needs its driver, which is not installed: "
            "pip install 'gt-common[postgres]'"
        )
    return Address(url.set(drivername="postgresql+psycopg"), _postgres_label(url))


def _sqlite_address(url: URL) -> Address:
    if not url.database or url.database == ":memory:":
        raise UsageError("GT_LEDGER_URL: the ledger needs a file on disk; write sqlite:///PATH")
    if "\0" in url.database:
        raise UsageError(f"GT_LEDGER_URL: not a URL; {_FORMS}")
    path = Path(url.database)
    if url.database.startswith("~"):
        try:
            path = path.expanduser()
        except RuntimeError:
            raise UsageError(f"GT_LEDGER_URL: there is no home folder {path.parts[0]}") from None
    return Address(url.set(database=str(path)), str(path), path)


def _postgres_label(url: URL) -> str:
    place = url.host or "the local socket"
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{place}{port}/{url.database or url.username or ''}"
