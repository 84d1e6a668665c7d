"""Confirmed publishing: when a call returns, the broker has stored the message; failures are retried."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import ChannelNotFoundEntity, PublishError
from aiormq.channel import Channel
from aiormq.exceptions import AMQPError, ChannelAccessRefused, ChannelInvalidStateError

from gt_common.errors import (
    BrokerUnreachableError,
    CredentialsRefusedError,
    GossipToonError,
    PublishFailedError,
    TopologyError,
)
from gt_common.log import get_logger, log_context
from gt_common.messages import StoryMessage, encode, log_keys, routing_key, utc_now
from gt_common.messaging.alarms import alarm_of
from gt_common.messaging.backoff import Backoff
from gt_common.messaging.bulk import Message, publish_many
from gt_common.messaging.connection import (
    BROKER_ERRORS,
    close_quietly,
    honest_losses,
    is_alive,
    open_connection,
    plain_errors,
)
from gt_common.messaging.feed import Feed
from gt_common.messaging.ladder import LADDER_FROM_S, TOO_EARLY_S, entry, seconds_until
from gt_common.messaging.names import LETTER_KEY, RECORD_KEY, STORY_KEY, Names
from gt_common.messaging.pipeline import CONTENT_TYPE, Headers, Outgoing, Pipeline
from gt_common.messaging.priorities import ready_priority, waiting_priority
from gt_common.messaging.refusals import CLOSED, may_not_write, why_unconfirmed
from gt_common.messaging.topology import SETTLING_S, inspect
from gt_common.messaging.versions import server_version, version_of
from gt_common.messaging.waiting import find_ladder
from gt_common.settings import Settings
from gt_common.tracing.context import event_headers, story_headers

if TYPE_CHECKING:
    from gt_common.messages import Event, UnknownEvent
    from gt_common.messaging.control.notices import ControlOrder
    from gt_common.messaging.rate_limits.notices import PauseNotice, StartNotice

log = get_logger("publisher")


class Publisher:
    """Publishes persistent, mandatory messages and waits for each confirm; safe for many tasks at once.

    Parameters:
        patience: seconds to keep trying before PublishFailedError; None keeps trying for ever, which is right
            for a worker that holds a delivery until its outcome is stored

    `repeats` is how often a message was published again because it had not been confirmed. `trace_headers`,
    if it is set, returns the headers by which a story carries its trace; otherwise it is the current one.
    """

    def __init__(self, settings: Settings, name: str, patience: float | None = None) -> None:
        self._settings = settings
        self._names = Names(settings.namespace)
        self._name = name
        self._patience = patience
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel | None = None
        self._pipeline: Pipeline | None = None
        self._lock = asyncio.Lock()
        self._feed = Feed(settings, name)
        self._problem = ""
        self._refusal_told = False
        self._version = (0, 0)
        self._has_ladder: bool | None = None
        self.repeats = 0
        self.trace_headers: Callable[[StoryMessage], Headers] | None = None

    async def story(self, message: StoryMessage) -> None:
        """Publish a story to the queue of stories."""
        await self.publish_again(message)

    def many(self, messages: Iterable[Message]) -> AsyncGenerator[list[Message], None]:
        """Publish stories and result events, each as soon as there is room; see `publish_many`."""
        return publish_many(self, messages, self._patience)

    async def retry(self, message: StoryMessage, delay_s: float) -> None:
        """Publish a story to the wait queue with the shortest sufficient delay.

        One that waits much longer than any of them, or for its start time, goes down the ladder, if this user
        may publish there; otherwise it goes to the longest wait queue.
        """
        delays = sorted(self._settings.retry_delays)
        with log_context(log_keys(message)):
            long = message.starts_at or delay_s > max(delays[-1], LADDER_FROM_S)
            if long and await self._try_ladder(message, delay_s):
                return
            delay = next((known for known in delays if known >= delay_s), delays[-1])
            await self._send(self._waiting(message, self._names.retry, self._names.retry_queue(delay)))

    async def park(self, message: StoryMessage, revision: int) -> bool:
        """Publish a story of a paused batch to the queue of its hold; return False if there is none.

        Raises:
            CredentialsRefusedError: this user may not publish there
        """
        key = self._names.parked_key(message.batch_id, revision)
        out, backoff = self._waiting(message, self._names.parked, key), Backoff()
        with log_context(log_keys(message)):
            while error := await self._try(out):
                if isinstance(error, CredentialsRefusedError):
                    raise error
                if isinstance(error, TopologyError):
                    return False
                log.debug("publish_failed", exchange=self._names.parked, error=str(error))
                await backoff.wait()
        return True

    async def dead_letter(self, message: StoryMessage) -> None:
        """Publish a dead letter to the dead-letter queue, then to the ledger's queue."""
        reason = message.errors[-1].failure.type if message.errors else "unknown"
        headers = {**message.headers(), **event_headers(), "gt-reason": reason}
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
            await self._send(Outgoing(self._names.dlx, key, body, said))

    async def event(self, event: Event) -> None:
        """Publish a result event."""
        await self.publish_again(event)

    async def notice(self, notice: PauseNotice | StartNotice) -> None:
        """Announce to all workers that a provider asked for a pause, or that a run starts."""
        from gt_common.messaging.rate_limits.notices import encode_notice  # only workers need it

        await self._send(Outgoing(self._names.pauses, "", encode_notice(notice), {}))

    async def control(self, order: ControlOrder) -> None:
        """Publish an operator's order to all workers."""
        from gt_common.messaging.control.notices import encode_control  # only operators need it

        await self._send(Outgoing(self._names.control, "", encode_control(order), {}))

    async def mark(self, stream: str, body: bytes) -> None:
        """Publish a mark by which this program finds the end of a stream that it reads."""
        await self._send(Outgoing(self._names.marks, stream, body, {}))

    async def progress(self, event: Event | UnknownEvent) -> None:
        """Send an event to live views; best effort and without waiting."""
        self._feed.put(event)

    def beat(self, body: bytes) -> None:
        """Send a sign of life; best effort and without waiting. One that is still unsent is replaced."""
        self._feed.put_latest(Outgoing(self._names.presence, "", body, {}))

    def outgoing(self, message: Message) -> Outgoing:
        """Return a story or event with the place that it is published to."""
        if isinstance(message, StoryMessage):
            if message.starts_at and (left_s := seconds_until(message.starts_at)) > TOO_EARLY_S:
                return self._waiting(message, *entry(self._names, left_s))
            body, headers = encode(message), self._story_headers(message)
            return Outgoing(self._names.stories, STORY_KEY, body, headers, ready_priority(message))
        return Outgoing(self._names.results, routing_key(message), encode(message), event_headers())

    def _story_headers(self, message: StoryMessage) -> Headers:
        """Return the headers of a story; with the context of its trace, if it has one."""
        trace = story_headers() if self.trace_headers is None else self.trace_headers(message)
        return {**message.headers(), **trace} if trace else message.headers()

    async def publish_again(self, message: Message) -> None:
        """Publish a story or event by itself."""
        with log_context(log_keys(message)):
            await self._send(self.outgoing(message))

    async def pipeline(self) -> Pipeline:
        """Return the pipeline of the current channel; see `connect`."""
        channel = await (await self.connect()).get_underlay_channel()
        if not isinstance(channel, Channel):
            raise ChannelInvalidStateError(f"unknown kind of channel: {type(channel).__name__}")
        if self._pipeline is None or self._pipeline.channel is not channel:
            self._pipeline = Pipeline(channel)
        return self._pipeline

    async def aclose(self) -> None:
        """Close the connections."""
        await self._feed.aclose()
        await close_quietly(self._connection)

    async def _put_aside(self, body: bytes, headers: Headers) -> None:
        """Publish a dead letter to its two queues, one after the other.

        A confirm says that a message is in some queue. Each key leads to a single one, so it says which.
        """
        for key in (LETTER_KEY, RECORD_KEY):
            out = Outgoing(self._names.dlx, key, body, headers)
            if await self._send(out, older_key=STORY_KEY) == STORY_KEY:
                return

    def _waiting(self, message: StoryMessage, exchange: str, key: str) -> Outgoing:
        """Return a story as it is published to a wait queue."""
        priority = waiting_priority(message, self._version)
        return Outgoing(exchange, key, encode(message), self._story_headers(message), priority)

    async def _try_ladder(self, message: StoryMessage, delay_s: float) -> bool:
        """Publish a story to the ladder; return False if that failed, or is not possible here."""
        if self._has_ladder is None:
            self._has_ladder = await find_ladder(self._settings)
        if not self._has_ladder:
            return False
        error = await self._try(self._waiting(message, *entry(self._names, delay_s)))
        if error is None:
            return True
        log.warning("ladder_missed", error=str(error), hint="run `gt-topology declare`")
        self._has_ladder = not isinstance(error, TopologyError | CredentialsRefusedError)
        return False

    async def _send(self, out: Outgoing, older_key: str | None = None) -> str:
        """Publish until the broker confirms; return the key.

        Parameters:
            older_key: the key to use where the topology is that of an earlier version
        """
        try:
            async with asyncio.timeout(self._patience):
                return await self._send_until_confirmed(out, older_key)
        except TimeoutError:
            raise self.unconfirmed(out.exchange) from None

    def unconfirmed(self, exchange: str = "") -> PublishFailedError:
        """Return the error for messages that were not confirmed in time."""
        to = f" to {exchange}" if exchange else ""
        within = f" within {self._patience:g} s" if self._patience is not None else ""
        return PublishFailedError(f"the broker did not confirm a message{to}{within}{self._cause()}")

    def _cause(self) -> str:
        if alarm := alarm_of(self._connection).reason:
            return f": it takes no messages now ({alarm}); free memory or disk on its machine"
        return f": {self._problem}" if self._problem else ""

    async def _send_until_confirmed(self, out: Outgoing, older_key: str | None) -> str:
        if await self._sent_with_others(out):
            return out.key
        exchange = out.exchange
        backoff, unsettled_until = Backoff(), time.monotonic() + SETTLING_S
        while error := await self._try(out):
            self.repeats += 1
            if self._is_news(error):
                log.warning("publish_failed", exchange=exchange, error=str(error))
            else:
                log.debug("publish_failed", exchange=exchange, error=str(error))
            if not self._problem or str(error) != CLOSED:
                self._problem = str(error)
            if isinstance(error, TopologyError) and time.monotonic() >= unsettled_until:
                if older_key and await self._is_declared_by_older():
                    out, older_key = replace(out, key=older_key), None
                    continue
                self._give_up(error)
            elif isinstance(error, CredentialsRefusedError):
                self._give_up(error)
            await backoff.wait()
        if self._problem:
            self._problem, self._refusal_told = "", False
            log.info("publish_recovered", exchange=exchange)
        return out.key

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

    async def _sent_with_others(self, out: Outgoing) -> bool:
        """Publish in one write with what other tasks publish now; return whether the broker has confirmed it.

        Whatever went wrong is met again by `_try`, which knows faults.
        """
        if self._problem or self._channel is None or self._channel.is_closed:
            return False
        if self._pipeline is None or self._pipeline.channel.is_closed:
            try:
                with honest_losses():
                    await self.pipeline()
            except (*BROKER_ERRORS, AMQPError, GossipToonError):
                return False
        if self._pipeline is None:
            return False
        confirmed = await self._pipeline.publish(out)
        self.repeats += not confirmed
        return confirmed

    async def _try(self, out: Outgoing) -> GossipToonError | None:
        """Publish once; return the problem, None if the broker confirmed."""
        channel: AbstractChannel | None = None
        error: GossipToonError
        try:
            with honest_losses():
                channel = await self.connect()
                target = await channel.get_exchange(out.exchange, ensure=False)
                await target.publish(_message(out), out.key, mandatory=True)
                return None
        except (PublishError, ChannelNotFoundEntity):
            error = TopologyError(
                f"{out.exchange} or its queue for {out.key} is missing; "
                "an administrator runs `gt-topology declare`"
            )
        except (CredentialsRefusedError, ChannelAccessRefused) as refusal:
            error = may_not_write(refusal, out.exchange)
        except (*BROKER_ERRORS, BrokerUnreachableError) as failure:
            error = BrokerUnreachableError(why_unconfirmed(failure))
        await self._drop(channel)
        return error

    async def connect(self) -> AbstractChannel:
        """Return the current channel; open it and its connection if needed, see `open_connection`."""
        async with self._lock:
            if self._connection is None or not is_alive(self._connection):
                await close_quietly(self._connection)
                self._connection = self._channel = None
                self._connection = await open_connection(self._settings, f"{self._name} (publishes)")
                self._version = version_of(server_version(self._connection))
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


def _message(out: Outgoing) -> aio_pika.Message:
    # A new id for every publish: aio-pika matches returned messages by it, so ids in flight must differ.
    return aio_pika.Message(
        out.body,
        headers=dict(out.headers),
        content_type=CONTENT_TYPE,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=uuid.uuid4().hex,
        timestamp=utc_now(),
        priority=out.priority,
    )
