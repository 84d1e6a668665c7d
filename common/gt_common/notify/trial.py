"""Sends a test message to every target, all at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gt_common.notify.attempt import ATTEMPT_S, send_within
from gt_common.notify.message import Message, Tone
from gt_common.notify.targets import Target


@dataclass(frozen=True)
class Trial:
    """The result for one target.

    Parameters:
        target: its name
        problem: why the message was not accepted; None if it was
    """

    target: str
    problem: str | None


async def try_targets(targets: Sequence[Target], now: datetime, seconds: float = ATTEMPT_S) -> list[Trial]:
    """Send a test message to every target; return the results in the same order."""
    body = f"Sent by gt-control notify-test at {now:%Y-%m-%d %H:%M:%S} UTC. Notifications arrive here."
    message = Message("GossipToon Batch: test message", body, Tone.GOOD)
    problems = await asyncio.gather(*(send_within(target, message, seconds) for target in targets))
    return [Trial(target.name, problem) for target, problem in zip(targets, problems, strict=True)]
