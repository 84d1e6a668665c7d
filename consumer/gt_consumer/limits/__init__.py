"""Rate limits: when a run may call a provider, and when a story may start.

`Limiter` is the port; `local` implements it for one machine, `fleet` for all workers of a broker.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Protocol

LONGEST_PAUSE_S: Final = 86400.0
"""A provider that asks for a longer pause is tried again after a day."""


class Limiter(Protocol):
    """Decides when a provider may be called."""

    async def acquire(self, provider: str) -> None:
        """Wait until one call to the provider is allowed.

        Calls to a provider without a limit are allowed at once unless it is paused.
        """

    async def pause(self, provider: str, until: datetime) -> None:
        """Allow no calls to the provider before this time; an earlier pause that ends later still holds."""
