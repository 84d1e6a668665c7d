"""Those who watch what a worker does with stories, for metrics and traces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext

from gt_common.lifecycle import StoryStatus
from gt_common.messages import Event, StoryMessage
from gt_consumer.runner.outcomes import Outcome
from gt_consumer.worker.run_events import RunEvents


class RunWatch:
    """Watches; this one takes no notice of anything. It is also a display of what runs."""

    def delivered(self, story: StoryMessage, headers: Mapping[str, object]) -> AbstractContextManager[None]:
        """Return the block in which the tasks of a delivered story are started."""
        return nullcontext()

    def queued(self) -> Mapping[str, object]:
        """Return the headers with which a story begins to wait in a queue in memory."""
        return {}

    def committed(self, events: Sequence[Event], since_ns: int) -> None:
        """Take that events were committed to the ledger of this machine; called in the story's own task.

        Parameters:
            since_ns: when that began, in nanoseconds since 1970
        """

    def begin(self, events: RunEvents) -> None:
        """Take that a story has been admitted; called in the story's own task."""

    def show(self, events: RunEvents, stage: str | None) -> None:
        """Take the stage that a run has reached, or with None that it has started."""

    def hide(self, events: RunEvents) -> None:
        """Take that a run is over."""

    def settled(self, events: RunEvents, outcome: Outcome, status: StoryStatus) -> None:
        """Take what has become of a story once that is published, and its new status."""

    def end(self, events: RunEvents) -> None:
        """Take that the worker is done with the story, whether or not it could be settled."""


class Watches(RunWatch):
    """Several of them as one."""

    def __init__(self, *watches: RunWatch) -> None:
        self._watches = watches

    @contextmanager
    def _delivered(self, story: StoryMessage, headers: Mapping[str, object]) -> Iterator[None]:
        with ExitStack() as stack:
            for watch in self._watches:
                stack.enter_context(watch.delivered(story, headers))
            yield

    def delivered(self, story: StoryMessage, headers: Mapping[str, object]) -> AbstractContextManager[None]:
        """Return the blocks of all."""
        return self._delivered(story, headers)

    def queued(self) -> Mapping[str, object]:
        """Return the headers of all."""
        return {name: value for watch in self._watches for name, value in watch.queued().items()}

    def committed(self, events: Sequence[Event], since_ns: int) -> None:
        """Pass it on to all."""
        for watch in self._watches:
            watch.committed(events, since_ns)

    def begin(self, events: RunEvents) -> None:
        """Pass it on to all."""
        for watch in self._watches:
            watch.begin(events)

    def show(self, events: RunEvents, stage: str | None) -> None:
        """Pass it on to all."""
        for watch in self._watches:
            watch.show(events, stage)

    def hide(self, events: RunEvents) -> None:
        """Pass it on to all."""
        for watch in self._watches:
            watch.hide(events)

    def settled(self, events: RunEvents, outcome: Outcome, status: StoryStatus) -> None:
        """Pass it on to all."""
        for watch in self._watches:
            watch.settled(events, outcome, status)

    def end(self, events: RunEvents) -> None:
        """Pass it on to all."""
        for watch in self._watches:
            watch.end(events)
