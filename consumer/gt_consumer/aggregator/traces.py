"""The last span of what happens to a story: its event is in the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from gt_common.messages import (
    StoryCancelled,
    StoryFailed,
    StoryReleased,
    StoryRequeued,
    StoryRetrying,
    StoryStarted,
    StorySucceeded,
)
from gt_common.tracing.attributes import attributes_of
from gt_common.tracing.context import published_ns, traceparent_of
from gt_consumer.aggregator.decoding import Decoded

if TYPE_CHECKING:
    from gt_common.tracing.tracer import Tracer

_TRACED: Final = (
    StoryRequeued,
    StoryStarted,
    StoryReleased,
    StoryRetrying,
    StoryFailed,
    StorySucceeded,
    StoryCancelled,
)
"""Events that change a story's status: stages and costs are spans of the worker already."""


class LedgerTraces:
    """Makes a span for each event that was written, from its publishing to the commit."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def committed(self, decoded: Sequence[Decoded]) -> None:
        """Make the spans of events that have just been committed."""
        for one in decoded:
            parent = traceparent_of(one.delivery.headers)
            if parent is None or not isinstance(one.event, _TRACED):
                continue
            attributes = attributes_of(one.event) | {"gt.event": one.event.type}
            start_ns = published_ns(one.delivery.headers)
            self._tracer.start("ledger", parent, attributes, kind="consumer", start_ns=start_ns).end()
