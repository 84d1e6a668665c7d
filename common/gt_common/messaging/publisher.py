"""Confirmed publishing: when a call returns, the broker has stored the message; failures are retried."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import ChannelNotFoundEntity, DeliveryError, PublishError
from aiormq.exceptions import ChannelAccessRefused

from gt_common.errors import (
    BrokerUnreachableError,
    CredentialsRefusedError,
    GossipToonError,
    PublishFailedError,
    TopologyError,
)
from gt_common.log import get_logger, log_context
from gt_common.messages import Event, StoryMessage, UnknownEvent, encode, log_keys, utc_now
from gt_common.messaging.alarms import alarm_of
from gt_common.messaging.backoff import Backoff
from gt_common.messaging.connection import (
    BROKER_ERRORS,
    close_quietly,
    honest_losses,
    is_alive,
    open_connection,
    plain_errors,
)
from gt_common.messaging.feed import Feed
from gt_common.messaging.names import LETTER_KEY, RECORD_KEY, STORY_KEY, Names
from gt_common.messaging.rate_limits.notices import PauseNotice, StartNotice, encode_notice
from gt_common.messaging.refusals import broker_words
from gt_common.messaging.topology import SETTLING_S, inspect
from gt_common.settings import Settings

log = get_logger("publisher")

Headers = Mapping[str, str | int]


class Publisher:
    """Publishes persistent, mandatory messages and waits for each confirm; safe for many tasks at once.

    Parameters:
        patience: seconds to keep trying before PublishFailedError; None keeps trying for ever, which is right
            for a worker that holds a delivery until its outcome is stored
    """

    def __init__(self, settings: Settings, name: str, patience: float | None = None) -> None:
        self._settings = settings
        self._names = Names(settings.namespace)
        self._name = name
        self._patience = patience
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel | None = None
        self._lock = asyncio.Lock()
        self._feed = Feed(settings, name)
        self._problem = ""
        self._refusal_told = False

    async def story(self, message: StoryMessage) -> None:
        """Publish a story to the queue of stories."""
        with log_context(log_keys(message)):
            await self._send(self._names.stories, STORY_KEY, encode(message), message.headers())

    async def retry(self, message: StoryMessage, delay_s: float) -> None:
        """Publish a story to the wait queue with the shortest sufficient delay, otherwise the longest."""
        delays = sorted(self._settings.retry_delays)
        delay = next((known for known in delays if known >= delay_s), delays[-1])
        key = self._names.retry_queue(delay)
        with log_context(log_keys(message)):
            await self._send(self._names.retry, key, encode(message), message.headers())

    async def dead_letter(self, message: StoryMessage) -> None:
        """Publish a dead letter to the dead-letter queue, then to the ledger's queue."""
        reason = message.errors[-1].failure.type if message.errors else "unknown"
        headers = {**message.headers(), "gt-reason": reason}
        with log_context(log_keys(message)):
            await self._put_aside(encode(message), headers)

    async def malformed(self, body: bytes, reason: str, key: str, headers: Headers | None = None) -> None:
        """Dead-letter an unreadable message unchanged, with the reason in a header.

        Parameters:
            key: `story` or `result`, depending on what it should have been
            headers: its original `gt-` headers
        """
        said = {**(headers or {}), "gt-reason": reason[:500]}
        if key == STORY_KEY:
            await self._put_aside(body, said)
        else:
            await self._send(self._names.dlx, key, body, said)

    async def event(self, event: Event) -> None:
        """Publish a result event."""
        with log_context(log_keys(event)):
            await self._send(self._names.results, f"{event.batch_id}.{event.type}", encode(event), {})

    async def notice(self, notice: PauseNotice | StartNotice) -> None:
        """Announce to all workers that a provider asked for a pause, or that a run starts."""
        await self._send(self._names.pauses, "", encode_notice(notice), {})

    async def progress(self, event: Event | UnknownEvent) -> None:
        """Send an event to live views; best effort and without waiting."""
        self._feed.put(event)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._feed.aclose()
        await close_quietly(self._connection)

    async def _put_aside(self, body: bytes, headers: Headers) -> None:
        """Publish a dead letter to its two queues, one after the other.

        A confirm says that a message is in some queue. Each key leads to a single one, so it says which.
        """
        for key in (LETTER_KEY, RECORD_KEY):
            if await self._send(self._names.dlx, key, body, headers, older_key=STORY_KEY) == STORY_KEY:
                return

    async def _send(
        self, exchange: str, key: str, body: bytes, headers: Headers, older_key: str | None = None
    ) -> str:
        """Publish until the broker confirms; return the key.

        Parameters:
            older_key: the key to use where the topology is that of an earlier version
        """
        try:
            async with asyncio.timeout(self._patience):
                return await self._send_until_confirmed(exchange, key, body, headers, older_key)
        except TimeoutError:
            said = f"the broker did not confirm a message to {exchange} within {self._patience:g} s"
            raise PublishFailedError(said + self._cause()) from None

    def _cause(self) -> str:
        if alarm := alarm_of(self._connection).reason:
            return f": it takes no messages now ({alarm}); free memory or disk on its machine"
        return f": {self._problem}" if self._problem else ""

    async def _send_until_confirmed(
        self, exchange: str, key: str, body: bytes, headers: Headers, older_key: str | None
    ) -> str:
        backoff, unsettled_until = Backoff(), time.monotonic() + SETTLING_S
        while error := await self._try(exchange, key, body, headers):
            if self._is_news(error):
                log.warning("publish_failed", exchange=exchange, error=str(error))
            else:
                log.debug("publish_failed", exchange=exchange, error=str(error))
            self._problem = str(error)
            if isinstance(error, TopologyError) and time.monotonic() >= unsettled_until:
                if older_key and await self._is_declared_by_older():
                    key, older_key = older_key, None
                    continue
                self._give_up(error)
            elif isinstance(error, CredentialsRefusedError):
                self._give_up(error)
            await backoff.wait()
        if self._problem:
            self._problem, self._refusal_told = "", False
            log.info("publish_recovered", exchange=exchange)
        return key

    def _is_news(self, error: GossipToonError) -> bool:
        """Whether a failure is worth a warning: the first of those in flight, and the first refusal."""
        refusal = isinstance(error, CredentialsRefusedError) and not self._refusal_told
        self._refusal_told = self._refusal_told or refusal
        return refusal or not self._problem

    def _give_up(self, error: GossipToonError) -> None:
        """Raise an error that waiting will hardly fix, unless this publisher waits for ever."""
        if self._patience is not None:
            raise error

    async def _is_declared_by_older(self) -> bool:
        """Whether both queues of dead letters exist, so that only their new bindings are missing."""
        try:
            queues = await inspect(self._settings, [self._names.dlq, self._names.ledger_queue])
        except (BrokerUnreachableError, CredentialsRefusedError):
            return False
        return all(queue.messages is not None for queue in queues)

    async def _try(self, exchange: str, key: str, body: bytes, headers: Headers) -> GossipToonError | None:
        """Publish once; return the problem, None if the broker confirmed."""
        channel: AbstractChannel | None = None
        error: GossipToonError
        try:
            with honest_losses():
                channel = await self.connect()
                target = await channel.get_exchange(exchange, ensure=False)
                await target.publish(_message(body, headers), key, mandatory=True)
                return None
        except (PublishError, ChannelNotFoundEntity):
            error = TopologyError(
                f"{exchange} or its queue for {key} is missing; an administrator runs `gt-topology declare`"
            )
        except (CredentialsRefusedError, ChannelAccessRefused) as refusal:
            error = _refused(refusal, exchange)
        except (*BROKER_ERRORS, BrokerUnreachableError) as failure:
            error = BrokerUnreachableError(_say(failure))
        await self._drop(channel)
        return error

    async def connect(self) -> AbstractChannel:
        """Return the current channel; open it and its connection if needed, see `open_connection`."""
        async with self._lock:
            if self._connection is None or not is_alive(self._connection):
                await close_quietly(self._connection)
                self._connection = self._channel = None
                self._connection = await open_connection(self._settings, f"{self._name} (publishes)")
            if self._channel is None or self._channel.is_closed:
                self._channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
            return self._channel

    async def _drop(self, channel: AbstractChannel | None) -> None:
        """Stop using a channel; calls that still wait for confirms on it fail and retry."""
        async with self._lock:
            if channel is None or channel is not self._channel:
                return
            self._channel = None
            if not await close_quietly(channel, self._settings.connect_timeout):
                await close_quietly(self._connection)
                self._connection = None


@asynccontextmanager
async def open_publisher(
    settings: Settings, name: str, patience: float | None = None
) -> AsyncIterator[Publisher]:
    """Open a publisher and its first connection; for errors see `Publisher` and `open_connection`."""
    publisher = Publisher(settings, name, patience)
    try:
        with plain_errors("open a channel to publish on"):
            await publisher.connect()  # fail at once if the broker is not there
        yield publisher
    finally:
        await publisher.aclose()


def _refused(error: Exception, exchange: str) -> CredentialsRefusedError:
    if isinstance(error, CredentialsRefusedError):
        return error
    return CredentialsRefusedError(
        f"the broker's user may not write to {exchange} ({broker_words(error)}); "
        "an administrator can grant it"
    )


def _say(error: BaseException) -> str:
    if isinstance(error, DeliveryError):
        # RabbitMQ 3.10 to 3.12 may nack a channel for ever after a leader's death: the next try uses another.
        return "the broker refused the message; its queue may be full (a policy's max-length)"
    return broker_words(error)


def _message(body: bytes, headers: Headers) -> aio_pika.Message:
    # A new id for every publish: aio-pika matches returned messages by it, so ids in flight must differ.
    return aio_pika.Message(
        body,
        headers=dict(headers),
        content_type="application/json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=uuid.uuid4().hex,
        timestamp=utc_now(),
    )
