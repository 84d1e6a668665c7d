"""Pauses: providers that refused a call and asked not to be called for a while."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from gt_common.messages import utc_now


class Pauses:
    """Which providers are paused, and until when.

    Parameters:
        now: returns the time of day; tests pass their own
    """

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._until: dict[str, datetime] = {}

    def add(self, provider: str, until: datetime) -> None:
        """Add a pause; it never shortens one that is known."""
        known = self._until.get(provider)
        if until > self._now() and (known is None or until > known):
            self._until[provider] = until

    def left_s(self, provider: str) -> float:
        """Return the seconds for which a provider is still paused; 0 if it is not."""
        until = self._until.get(provider)
        if until is None:
            return 0.0
        left = (until - self._now()).total_seconds()
        if left <= 0:
            del self._until[provider]
        return max(0.0, left)

    def until(self) -> dict[str, datetime]:
        """Return the end of each pause that is not over, by provider."""
        now = self._now()
        return {provider: until for provider, until in self._until.items() if until > now}
