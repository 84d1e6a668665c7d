"""Sends what is due to one target: one try at a time, in a thread of its own, with a retry of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from gt_common.errors import (
    CredentialsRefusedError,
    GossipToonError,
    LedgerUnreachableError,
    NoSuchBatchError,
)
from gt_common.log import get_logger, log_context
from gt_common.messages import utc_now
from gt_common.notify.attempt import ATTEMPT_S, no_answer, start_sending
from gt_common.notify.message import Message
from gt_common.notify.targets import Target

if TYPE_CHECKING:
    from gt_common.ledger.outbox import Notification, Outbox

log = get_logger("notify")

MOST_TRIES: Final = 10
MOST_AGE: Final = timedelta(days=1)
"""A notification that is older is dropped: by now everybody has looked."""
_FIRST_RETRY_S: Final = 5.0
_LONGEST_RETRY_S: Final = 900.0
_NOTE_AGAIN_S: Final = 2.0

MakeText = Callable[["Notification"], Message]


class Courier:
    """Delivers the notifications of one target.

    Parameters:
        text_of: makes the text of a notification as it is sent; called in a thread
        attempt_s: seconds after which a try counts as failed
    """

    def __init__(
        self, target: Target, outbox: Outbox, text_of: MakeText, *, attempt_s: float = ATTEMPT_S
    ) -> None:
        self.target = target
        self._outbox = outbox
        self._text_of = text_of
        self._attempt_s = attempt_s
        self._late: tuple[Notification, asyncio.Future[str | None]] | None = None

    async def deliver(self) -> None:
        """Send all that is due; after a failure the rest waits for the next call, as does a dead target."""
        if not await self._is_free():
            return
        while (notification := await self._claim()) is not None:
            with log_context({"batch_id": notification.batch_id}):
                if not await self._try(notification):
                    return

    async def _is_free(self) -> bool:
        """Whether no try is running; one that succeeded after its time is not repeated."""
        if self._late is None:
            return True
        notification, attempt = self._late
        if not attempt.done():
            return False
        self._late = None
        if attempt.result() is None:
            with log_context({"batch_id": notification.batch_id}):
                await self._note_sent(notification)
        return True

    async def _claim(self) -> Notification | None:
        try:
            return await asyncio.to_thread(self._outbox.claim, self.target.digest)
        except (LedgerUnreachableError, CredentialsRefusedError) as error:
            # The program's other part logs that the ledger is gone; what is due stays due.
            log.debug("outbox_lost", target=self.target.name, error=str(error))
            return None

    async def _try(self, notification: Notification) -> bool:
        """Send a notification and note the result; return whether it arrived."""
        try:
            message = await asyncio.to_thread(self._text_of, notification)
        except NoSuchBatchError as error:
            await self._note_failed(notification, str(error), None)
            return True
        except GossipToonError as error:
            await self._note_failed(notification, str(error), _retry_s(notification))
            return False
        attempt = start_sending(self.target, message)
        await asyncio.wait({attempt}, timeout=self._attempt_s)
        if not attempt.done():
            self._late = notification, attempt
        problem = attempt.result() if attempt.done() else no_answer(self._attempt_s)
        if problem is None:
            await self._note_sent(notification)
        else:
            await self._note_failed(notification, problem, _retry_s(notification))
        return problem is None

    async def _note_sent(self, notification: Notification) -> None:
        await _until_noted(lambda: self._outbox.note_sent(notification))
        log.info(
            "notification_delivered",
            kind=notification.kind.value,
            generation=notification.generation,
            target=self.target.name,
            tries=notification.tries,
        )

    async def _note_failed(self, notification: Notification, problem: str, retry_s: float | None) -> None:
        await _until_noted(lambda: self._outbox.note_failed(notification, retry_s))
        kind, tries = notification.kind.value, notification.tries
        if retry_s is None:
            log.error("notification_dropped", kind=kind, target=self.target.name, tries=tries, error=problem)
        else:
            log.warning(
                "notification_failed",
                kind=kind,
                target=self.target.name,
                tries=tries,
                error=problem,
                retry_s=retry_s,
            )


def _retry_s(notification: Notification) -> float | None:
    """Return the seconds until the next try; None if there is none."""
    if notification.tries >= MOST_TRIES or utc_now() - notification.created_at > MOST_AGE:
        return None
    return min(_FIRST_RETRY_S * pow(3.0, notification.tries - 1), _LONGEST_RETRY_S)


async def _until_noted(note: Callable[[], None]) -> None:
    """Write to the outbox; while the ledger is gone, try again, because a result that is lost is a repeat."""
    while True:
        try:
            return await asyncio.to_thread(note)
        except (LedgerUnreachableError, CredentialsRefusedError):
            await asyncio.sleep(_NOTE_AGAIN_S)
