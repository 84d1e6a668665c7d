"""The ledger's URL, checked and with its driver, and a label for it without the password."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gt_common.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import URL

_FILE: Final = "sqlite:///"
_POSTGRES = {"postgres", "postgresql", "postgresql+psycopg"}
_FORMS = "write sqlite:///PATH or postgresql://USER@HOST/DATABASE, the password after the user"


@dataclass(frozen=True)
class Address:
    """Address of a ledger.

    Parameters:
        text: the URL with the password and the driver
        label: to be shown, without the password
        path: the file of a SQLite ledger
    """

    text: str
    label: str
    path: Path | None = None

    @cached_property
    def url(self) -> URL:
        """The URL, for SQLAlchemy."""
        from sqlalchemy import make_url

        url = make_url(self.text)
        return url if self.path is None else url.set(database=str(self.path))

    @property
    def has_parameters(self) -> bool:
        """Whether the URL says itself how SQLite is to open the file."""
        return "?" in self.text

    @property
    def sqlite(self) -> bool:
        """Whether it is a file on this machine, not a server."""
        return self.path is not None


def parse_address(text: str) -> Address:
    """Parse a ledger's URL.

    Raises:
        UsageError: the URL is invalid, or its driver is not installed
    """
    text = text.strip()
    if text.startswith(_FILE):
        return _sqlite_address(text)
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise UsageError(f"GT_LEDGER_URL: not a URL; {_FORMS}") from None
    if url.drivername == "sqlite":
        raise UsageError("GT_LEDGER_URL: the ledger needs a file on disk; write sqlite:///PATH")
    if url.drivername not in _POSTGRES:
        raise UsageError(f"GT_LEDGER_URL: unknown scheme {url.drivername}://; {_FORMS}")
    if "@" in (url.host or "") or "@" in (url.database or "") or "/" in (url.database or ""):
        raise UsageError("GT_LEDGER_URL: in user name and password write @ as %40, : as %3A and / as %2F")
    if find_spec("psycopg") is None:
        raise UsageError(
            "a ledger in PostgreSQL needs its driver, which is not installed: "
            "pip install 'gt-common[postgres]'"
        )
    url = url.set(drivername="postgresql+psycopg")
    return Address(url.render_as_string(hide_password=False), _postgres_label(url))


def _sqlite_address(text: str) -> Address:
    """Parse `sqlite:///PATH`, as SQLAlchemy does, without loading it."""
    name = text.removeprefix(_FILE).partition("?")[0]
    if not name or name == ":memory:":
        raise UsageError("GT_LEDGER_URL: the ledger needs a file on disk; write sqlite:///PATH")
    if "\0" in name or "\n" in name:
        raise UsageError(f"GT_LEDGER_URL: not a URL; {_FORMS}")
    path = Path(name)
    if name.startswith("~"):
        try:
            path = path.expanduser()
        except RuntimeError:
            raise UsageError(f"GT_LEDGER_URL: there is no home folder {path.parts[0]}") from None
    return Address(text, str(path), path)


def _postgres_label(url: URL) -> str:
    place = url.host or "the local socket"
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{place}{port}/{url.database or url.username or ''}"
