"""Where the worker's results go on one machine: into the ledger first, then to whoever watches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from gt_common.errors import MalformedMessageError
from gt_common.log import get_logger, log_context
from gt_common.messages import Event, StoryFailed, StoryMessage, StoryRetrying, log_keys
from gt_common.messaging.dead_letters import failed_event_of
from gt_consumer.batch.ledger_writer import LedgerWriter

if TYPE_CHECKING:
    from gt_common.ledger.ledger import Ledger

log = get_logger("batch")

Listener = Callable[[Event], None]
Put = Callable[[StoryMessage, float], None]


class LocalPublisher:
    """Stands in for the broker's publisher: an event is committed when its call returns.

    Parameters:
        listener: told each event after it is committed, and progress, which is not kept
        put: takes a story that is to be run in so many seconds
    """

    def __init__(self, ledger: Ledger, listener: Listener, put: Put) -> None:
        self._listener = listener
        self._put = put
        self._writer = LedgerWriter(ledger)

    async def story(self, message: StoryMessage) -> None:
        """Put a story back."""
        self._put(message, 0.0)

    async def retry(self, message: StoryMessage, delay_s: float) -> None:
        """Put a story back for later."""
        self._put(message, delay_s)

    async def dead_letter(self, message: StoryMessage) -> None:
        """Keep a dead letter; the ledger is the dead-letter queue of a batch on one machine."""
        event = failed_event_of(message)
        await self._writer.commit([event])
        _log_failure(event)

    async def event(self, event: Event) -> None:
        """Keep an event and tell it."""
        await self.events([event])

    async def events(self, events: Sequence[Event]) -> None:
        """Keep events, all of them or none, and tell them."""
        await self._writer.commit(events)
        for event in events:
            if isinstance(event, StoryRetrying):
                _log_failure(event)
            self._listener(event)

    async def progress(self, event: Event) -> None:
        """Tell what is not worth keeping."""
        self._listener(event)

    async def malformed(
        self, body: bytes, reason: str, key: str, headers: Mapping[str, str | int] | None = None
    ) -> None:
        """Refuse a story that no worker could read; the list was checked, so this ends the batch.

        Raises:
            MalformedMessageError: always
        """
        raise MalformedMessageError(f"{reason} ({len(body)} bytes for {key}, headers {headers})")

    async def aclose(self) -> None:
        """Wait for the last commit."""
        await self._writer.aclose()


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
