"""The last span of what happens to a story: its event is in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from gt_common.tracing.attributes import OfStory, attributes_of

if TYPE_CHECKING:
    from gt_common.tracing.tracer import Tracer


_STAGE: Final = "story.stage"
"""Type of the events whose spans the worker makes."""


class StoryEvent(OfStory, Protocol):
    """An event of a story."""

    @property
    def type(self) -> str: ...


def note_commit(tracer: Tracer, event: StoryEvent, parent: str, start_ns: int | None) -> None:
    """Make the span of an event that has just been committed, from its publishing on; a stage has none.

    Parameters:
        parent: the `traceparent` that the event carries
        start_ns: when it was published, in nanoseconds since 1970
    """
    if event.type == _STAGE:
        return
    attributes = attributes_of(event) | {"gt.event": event.type}
    tracer.start("ledger", parent, attributes, kind="consumer", start_ns=start_ns).end()
