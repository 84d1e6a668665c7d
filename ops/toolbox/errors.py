"""The one error of the broker scripts; the exit codes are those of all commands of GossipToon Batch."""

from __future__ import annotations

DONE = 0
USAGE = 2
UNREACHABLE = 3


class BrokerError(Exception):
    """No broker answers and none could be started; the message says what is wrong and how to mend it."""

    def __init__(self, message: str, exit_code: int = UNREACHABLE) -> None:
        super().__init__(message)
        self.exit_code = exit_code
