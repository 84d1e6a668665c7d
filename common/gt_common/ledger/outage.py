"""Outages of the ledger under a program that reads it for long: said once, and waited out."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

from gt_common.durations import say_duration
from gt_common.errors import LedgerUnreachableError

Result = TypeVar("Result")

PATIENCE_S: Final = 600.0
"""How long such a program waits for the ledger: a restart or a failover takes less."""


class Outage:
    """Runs reads of a ledger that may be away for a while.

    Parameters:
        say: prints a line for the user
        patience: seconds without an answer after which it gives up
        clock: returns seconds
    """

    def __init__(
        self,
        say: Callable[[str], None],
        *,
        patience: float = PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say = say
        self._patience = patience
        self._clock = clock
        self._since: float | None = None

    def read(self, look: Callable[[], Result]) -> Result | None:
        """Return what the look returns; None while the ledger does not answer.

        Raises:
            LedgerUnreachableError: it has not answered for too long
        """
        try:
            found = look()
        except LedgerUnreachableError as error:
            if self._since is None:
                self._since = self._clock()
                self._say(f"{error}; trying again for {say_duration(self._patience)}")
            elif self._clock() - self._since > self._patience:
                raise
            return None
        if self._since is not None:
            self._since = None
            self._say("the ledger answers again")
        return found
