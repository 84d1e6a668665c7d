"""Reads the ledger for the pages: in a thread, opened when it is first needed, never written."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from gt_common.ledger import read_ledger

if TYPE_CHECKING:
    from gt_common.ledger.reader import LedgerReader
    from gt_common.settings import Settings

Result = TypeVar("Result")


class Books:
    """The ledger, which may be away for a while."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opening = threading.Lock()
        self._reader: LedgerReader | None = None

    async def read(self, look: Callable[[LedgerReader], Result]) -> Result:
        """Return what a look into the ledger returns.

        Raises:
            LedgerUnreachableError, CredentialsRefusedError, UsageError: it cannot be read
        """
        return await asyncio.to_thread(self._read, look)

    def _read(self, look: Callable[[LedgerReader], Result]) -> Result:
        with self._opening:
            if self._reader is None:
                self._reader = read_ledger(self._settings.ledger, timeout=self._settings.connect_timeout)
            reader = self._reader
        return look(reader)

    def close(self) -> None:
        """Close its connections."""
        if self._reader is not None:
            self._reader.close()
