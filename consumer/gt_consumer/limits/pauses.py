"""Providers that asked to be left alone for a while."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from gt_common.messages import utc_now


class Pauses:
    """Which providers must not be called, and until when."""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._until: dict[str, datetime] = {}

    def note(self, provider: str, until: datetime) -> None:
        """Note a pause; it never shortens one that is known."""
        known = self._until.get(provider)
        if until > self._now() and (known is None or until > known):
            self._until[provider] = until

    def left_s(self, provider: str) -> float:
        """Give the seconds that a provider is still paused; 0 when it is not."""
        until = self._until.get(provider)
        if until is None:
            return 0.0
        left = (until - self._now()).total_seconds()
        if left <= 0:
            del self._until[provider]
        return max(0.0, left)
