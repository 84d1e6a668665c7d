"""Rate limits: when a run may call a provider, and when a story may start."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Protocol

LONGEST_PAUSE_S: Final = 86400.0
"""However long a provider asks to be left alone, it is tried again after a day."""


class Limiter(Protocol):
    """Gives each call to a provider its turn."""

    async def acquire(self, provider: str) -> None:
        """Wait until one call to the provider is allowed; a provider without a limit is, unless paused."""

    async def pause(self, provider: str, until: datetime) -> None:
        """Allow no call to the provider before a time; a later end of an earlier pause stands."""
