"""Sends the notifications of a ledger beside other work, with a task per target: none waits for another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from gt_common.log import get_logger
from gt_common.messages import utc_now
from gt_common.notify.attempt import ATTEMPT_S
from gt_common.notify.courier import Courier
from gt_common.notify.message import Message
from gt_common.notify.targets import Target

if TYPE_CHECKING:
    from gt_common.ledger.ledger import Ledger
    from gt_common.ledger.outbox import Notification

log = get_logger("notify")

POLL_S: Final = 5.0
"""Seconds between two looks into the outbox, which other programs write to; for retries, too."""
LAST_S: Final = 15.0
"""Seconds in which a program that ends sends what is due."""


HURRIED_S: Final = 2.0
"""The same for one that fails or is cancelled."""

WaitToLeave = Callable[[], Awaitable[None]]


class Sender:
    """Delivers notifications to all targets until it is closed.

    Parameters:
        currency: of the cost of batches
        attempt_s: seconds after which a try counts as failed
        poll_s: seconds between two looks into the outbox
    """

    def __init__(
        self,
        ledger: Ledger,
        targets: Sequence[Target],
        currency: str,
        *,
        attempt_s: float = ATTEMPT_S,
        poll_s: float = POLL_S,
    ) -> None:
        self._ledger = ledger
        self._currency = currency
        self._poll_s = poll_s
        self._closing = False
        outbox = ledger.outbox()
        couriers = [Courier(target, outbox, self._text_of, attempt_s=attempt_s) for target in targets]
        self._wakes = [asyncio.Event() for _ in couriers]
        loop = asyncio.get_running_loop()
        # Called in the thread that has committed.
        ledger.on_enqueued = lambda: _call_soon(loop, self.wake)
        self._tasks = [
            asyncio.create_task(self._serve(courier, wake), name=f"notify {courier.target.name}")
            for courier, wake in zip(couriers, self._wakes, strict=True)
        ]
        if targets:
            log.info("notifications_started", targets=", ".join(target.name for target in targets))

    def wake(self) -> None:
        """Look into the outbox now."""
        for wake in self._wakes:
            wake.set()

    async def close(self, within_s: float = LAST_S, leave: WaitToLeave | None = None) -> None:
        """Send what is due, within a time, and stop; what is left is for another program with this ledger.

        Parameters:
            leave: ends the wait early
        """
        self._closing = True
        self.wake()
        if not self._tasks:
            return
        delivered = asyncio.gather(*self._tasks, return_exceptions=True)
        left: set[asyncio.Future[list[BaseException | None]] | asyncio.Future[None]] = {delivered}
        if leave is not None:
            left.add(asyncio.ensure_future(leave()))
        await asyncio.wait(left, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _serve(self, courier: Courier, wake: asyncio.Event) -> None:
        closing = False
        while not closing:
            closing = self._closing
            wake.clear()
            try:
                await courier.deliver()
            except Exception:
                log.exception("sending_failed", target=courier.target.name)
            if not closing:
                await _wait(wake, self._poll_s)

    def _text_of(self, notification: Notification) -> Message:
        # Reports take time to load, and most programs that could send have nobody to tell.
        from gt_common.notify.texts import message_of

        overview = self._ledger.overview(notification.batch_id)
        return message_of(notification, overview, utc_now(), self._currency)


@asynccontextmanager
async def sending(
    ledger: Ledger, targets: Sequence[Target], currency: str, leave: WaitToLeave | None = None
) -> AsyncIterator[None]:
    """Send notifications for the duration of the block, and at its end what is due by then.

    Parameters:
        currency: of the cost of batches
        leave: waits until the program has to end at once
    """
    sender = Sender(ledger, targets, currency)
    try:
        yield
    except BaseException:
        await sender.close(HURRIED_S)
        raise
    await sender.close(leave=leave)


def _call_soon(loop: asyncio.AbstractEventLoop, wake: Callable[[], None]) -> None:
    with suppress(RuntimeError):  # the loop has been closed
        loop.call_soon_threadsafe(wake)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
