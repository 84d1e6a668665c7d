"""Makes GossipToon's own pauses a hundred times shorter; nothing else of it is changed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable

_sleep = asyncio.sleep


def _sleep_less(delay: float, result: object = None) -> Awaitable[object]:
    caller = str(sys._getframe(1).f_globals.get("__name__"))
    return _sleep(delay / 100 if caller.startswith("gossiptoon.") else delay, result)


asyncio.sleep = _sleep_less  # type: ignore[assignment]
