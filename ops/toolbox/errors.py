"""Error and exit codes of the scripts; the codes are the same as for all GossipToon Batch commands."""

from __future__ import annotations

DONE = 0
USAGE = 2
UNREACHABLE = 3


class BrokerError(Exception):
    """A script failed; the message says what is wrong and how to fix it."""

    def __init__(self, message: str, exit_code: int = UNREACHABLE) -> None:
        super().__init__(message)
        self.exit_code = exit_code
