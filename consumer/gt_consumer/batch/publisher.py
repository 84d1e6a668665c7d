"""Publishes a worker's results on one machine: to the ledger first, then to a listener."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from gt_common.errors import MalformedMessageError
from gt_common.log import get_logger, log_context
from gt_common.messages import Event, StoryFailed, StoryMessage, StoryRetrying, log_keys
from gt_common.messaging.dead_letters import failed_event_of

if TYPE_CHECKING:
    from gt_common.ledger.ledger import Ledger

log = get_logger("batch")

Listener = Callable[[Event], object]
Put = Callable[[StoryMessage, float], None]
Committed = Callable[[Sequence[Event], int], None]
_Waiting = list[tuple[Sequence[Event], asyncio.Future[None]]]


class LocalPublisher:
    """Replace the broker's publisher: an event is committed when the call returns.

    Parameters:
        listener: called with each event after it is committed, and with progress, which is not stored
        put: called with a story that is to be run, and the seconds to wait before
        committed: called with events after they are committed, and when that began, in nanoseconds since 1970
    """

    def __init__(self, ledger: Ledger, listener: Listener, put: Put, committed: Committed) -> None:
        self._listener = listener
        self._committed = committed
        self._put = put
        self._writer = LedgerWriter(ledger)

    async def story(self, message: StoryMessage) -> None:
        """Requeue a story."""
        self._put(message, 0.0)

    async def retry(self, message: StoryMessage, delay_s: float) -> None:
        """Requeue a story for later."""
        self._put(message, delay_s)

    async def dead_letter(self, message: StoryMessage) -> None:
        """Commit a dead letter; on one machine the ledger is the dead-letter queue."""
        event = failed_event_of(message)
        await self._commit([event])
        _log_failure(event)
        self._listener(event)

    async def event(self, event: Event) -> None:
        """Commit an event, then pass it to the listener."""
        await self.events([event])

    async def events(self, events: Sequence[Event]) -> None:
        """Commit events, all or none of them, then pass them to the listener."""
        await self._commit(events)
        for event in events:
            if isinstance(event, StoryRetrying):
                _log_failure(event)
            self._listener(event)

    async def _commit(self, events: Sequence[Event]) -> None:
        since_ns = time.time_ns()
        await self._writer.commit(events)
        self._committed(events, since_ns)

    async def progress(self, event: Event) -> None:
        """Pass an event that is not stored to the listener."""
        self._listener(event)

    async def malformed(
        self, body: bytes, reason: str, key: str, headers: Mapping[str, str | int] | None = None
    ) -> None:
        """Reject a story that no worker can read; the list was checked before, so this ends the batch.

        Raises:
            MalformedMessageError: always
        """
        raise MalformedMessageError(f"{reason} ({len(body)} bytes for {key}, headers {headers})")

    async def aclose(self) -> None:
        """Wait for the last commit."""
        await self._writer.aclose()


class LedgerWriter:
    """Commit events in the order of the calls; all that arrive during a transaction share the next one."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._waiting: _Waiting = []
        self._task: asyncio.Task[None] | None = None

    async def commit(self, events: Sequence[Event]) -> None:
        """Commit events, all or none of them; those of a cancelled caller are committed, too.

        Raises:
            LedgerUnreachableError, CredentialsRefusedError, MalformedMessageError: the transaction
                failed, and with it all commits that shared it
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((events, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write(), name="commit events")
        await done

    async def aclose(self) -> None:
        """Wait until all events are committed."""
        if self._task is not None:
            await self._task

    async def _write(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            together = [event for events, _ in group for event in events]
            try:
                await asyncio.to_thread(self._ledger.apply, together)
            except Exception as error:  # noqa: BLE001 - every waiting caller gets it
                _settle(group, error)
            else:
                _settle(group, None)


def _settle(group: _Waiting, error: Exception | None) -> None:
    for _, done in group:
        if done.done():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)


def _log_failure(event: StoryFailed | StoryRetrying) -> None:
    failure = event.failure
    with log_context(log_keys(event)):
        log.error(
            "story_failed" if isinstance(event, StoryFailed) else "attempt_failed",
            position=event.position,
            url=event.url,
            stage=failure.stage,
            generation=event.generation,
            error_type=failure.type,
            error=failure.message,
            traceback=failure.traceback,
        )
