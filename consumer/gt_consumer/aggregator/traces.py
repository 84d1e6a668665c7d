"""The spans of an aggregator: the events of stories that it has written to the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gt_common.messages import StoryEvent
from gt_common.tracing.context import published_ns, traceparent_of
from gt_common.tracing.ledger import note_commit
from gt_consumer.aggregator.decoding import Decoded

if TYPE_CHECKING:
    from gt_common.tracing.tracer import Tracer


class LedgerTraces:
    """Makes a span for each event that was written, from its publishing to the commit."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def committed(self, decoded: Sequence[Decoded]) -> None:
        """Make the spans of events that have just been committed."""
        for one in decoded:
            headers = one.delivery.headers
            parent = traceparent_of(headers)
            if parent is not None and isinstance(one.event, StoryEvent):
                note_commit(self._tracer, one.event, parent, published_ns(headers))
