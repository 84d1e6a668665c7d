"""The roots of the stories' traces: one span for each, from its publishing to the broker's confirm."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING

from gt_common.messages import Event, StoryMessage
from gt_common.messaging.bulk import Message
from gt_common.messaging.publisher import Publisher
from gt_common.tracing.attributes import attributes_of
from gt_common.tracing.context import headers_of

if TYPE_CHECKING:
    from gt_common.tracing.tracer import Span, Tracer


class TracedPublisher:
    """A publisher whose stories carry the context of a span of their own."""

    def __init__(self, publisher: Publisher, tracer: Tracer) -> None:
        self._publisher = publisher
        self._tracer = tracer
        self._open: dict[str, Span] = {}
        publisher.trace_headers = self._headers

    async def story(self, message: StoryMessage) -> None:
        """Publish a story; return once it is confirmed."""
        await self._publisher.story(message)
        self._confirmed(message)

    async def event(self, event: Event) -> None:
        """Publish a result event; return once it is confirmed."""
        await self._publisher.event(event)

    async def many(self, messages: Iterable[Message]) -> AsyncGenerator[list[Message], None]:
        """Publish messages with a window of unconfirmed ones; yield them when they are confirmed."""
        async with aclosing(self._publisher.many(messages)) as groups:
            async for group in groups:
                for message in group:
                    if isinstance(message, StoryMessage):
                        self._confirmed(message)
                yield group

    def _headers(self, message: StoryMessage) -> Mapping[str, str]:
        """Return the headers of a story; the same span if it is published again before the confirm."""
        span = self._open.get(message.story_id)
        if span is None:
            span = self._tracer.start("publish", None, attributes_of(message), kind="producer")
            self._open[message.story_id] = span
        return headers_of(span.traceparent)

    def _confirmed(self, message: StoryMessage) -> None:
        if span := self._open.pop(message.story_id, None):
            span.end()
