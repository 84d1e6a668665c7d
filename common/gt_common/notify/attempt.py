"""One try at sending, in a thread of its own: a library that hangs holds up nothing else."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import Final

from gt_common.notify.message import Message
from gt_common.notify.targets import Target

ATTEMPT_S: Final = 30.0
"""Seconds after which a try counts as failed; less than the lease of a claim in the outbox."""


def start_sending(target: Target, message: Message) -> asyncio.Future[str | None]:
    """Send a message in a thread that never keeps the process from ending.

    Returns:
        why it failed, or None; an error of the library is such a reason, too
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[str | None] = loop.create_future()

    def settle(result: str | None) -> None:
        if not done.done():
            done.set_result(result)

    def run() -> None:
        try:
            result = target.send(message)
        except Exception as error:  # noqa: BLE001 - one of many services, each with its own errors
            result = f"{type(error).__name__} while sending"
        with suppress(RuntimeError):  # the loop has been closed
            loop.call_soon_threadsafe(settle, result)

    threading.Thread(target=run, name=f"notify {target.name}", daemon=True).start()
    return done


async def send_within(target: Target, message: Message, seconds: float) -> str | None:
    """Send a message; return why that failed, or None."""
    attempt = start_sending(target, message)
    await asyncio.wait({attempt}, timeout=seconds)
    return attempt.result() if attempt.done() else no_answer(seconds)


def no_answer(seconds: float) -> str:
    """Return the reason for a try that takes too long."""
    return f"no answer within {seconds:g} s"
