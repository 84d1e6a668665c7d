"""The spans of a worker: the wait in a queue, the attempt, its child with its stages, the dead letter."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from gt_common.lifecycle import StoryStatus
from gt_common.log import log_context
from gt_common.messages import Event, StoryEvent, StoryMessage
from gt_common.messaging.dead_letters import deaths
from gt_common.tracing.attributes import Value, attributes_of
from gt_common.tracing.context import (
    carried,
    carry_with_events,
    carrying,
    published_ns,
    since_now,
    story_headers,
    trace_id,
    traceparent_of,
)
from gt_common.tracing.ledger import note_commit
from gt_consumer.runner.outcomes import FailedForGood, FailedForNow, Outcome, Waiting
from gt_consumer.worker.outcome_labels import outcome_label
from gt_consumer.worker.run_events import RunEvents
from gt_consumer.worker.watch import RunWatch

if TYPE_CHECKING:
    from gt_common.tracing.tracer import Span, Tracer


@dataclass
class _Attempt:
    """The open spans of one run of an attempt.

    Parameters:
        over_ns: when the child was over, in nanoseconds since 1970
    """

    span: Span
    child: Span | None = None
    stage: tuple[str, Span] | None = None
    over_ns: int | None = None


class Traces(RunWatch):
    """Makes the spans of the stories that a worker gets, in the traces that their messages carry.

    Parameters:
        local: whether stories come from a queue in memory, and events go to the ledger of this machine
    """

    def __init__(self, tracer: Tracer, *, local: bool = False) -> None:
        self._tracer = tracer
        self._local = local
        self._attempts: dict[int, _Attempt] = {}

    @contextmanager
    def delivered(self, story: StoryMessage, headers: Mapping[str, object]) -> Iterator[None]:
        """Make the span of the wait; all that follows belongs to the story's trace, log lines included."""
        since_ns = published_ns(headers)
        root = traceparent_of(headers) or self._root(story, since_ns)
        name, attributes = self._wait(headers)
        attributes |= attributes_of(story)
        self._tracer.start(name, root, attributes, kind="consumer", start_ns=since_ns).end()
        with carrying(root), log_context({"trace_id": trace_id(root)}):
            yield

    def queued(self) -> Mapping[str, object]:
        """Return the context of the story that is handled now, if one is, and the time."""
        return story_headers() or since_now()

    def committed(self, events: Sequence[Event], since_ns: int) -> None:
        """Make the spans of events that have just been committed by the current task."""
        parent = carried().event
        for event in events:
            if parent is not None and isinstance(event, StoryEvent):
                note_commit(self._tracer, event, parent, since_ns)

    def begin(self, events: RunEvents) -> None:
        """Begin the span of an attempt; from now on the events of this task carry it."""
        attributes = attributes_of(events.story) | {
            "gt.run": events.story.run,
            "gt.worker": events.worker,
        }
        span = self._tracer.start(
            "attempt", carried().story, attributes, kind="consumer", start_ns=_ns(events.started_at)
        )
        self._attempts[id(events)] = _Attempt(span)
        carry_with_events(span.traceparent)

    def show(self, events: RunEvents, stage: str | None) -> None:
        """Begin the span of the child, or of its next stage."""
        attempt, attributes = self._attempts[id(events)], attributes_of(events.story)
        if attempt.child is None:
            attempt.child = self._tracer.start("child", attempt.span.traceparent, attributes)
        if stage is None or (attempt.stage is not None and attempt.stage[0] == stage):
            return
        self._end_stage(attempt)
        span = self._tracer.start(stage, attempt.child.traceparent, attributes | {"gt.stage": stage})
        attempt.stage = stage, span

    def hide(self, events: RunEvents) -> None:
        """End the span of the child, and of its last stage."""
        attempt = self._attempts[id(events)]
        self._end_stage(attempt)
        if attempt.child is not None:
            attempt.child.end()
        attempt.over_ns = time.time_ns()

    def settled(self, events: RunEvents, outcome: Outcome, status: StoryStatus) -> None:
        """Note in the span of the attempt how it ended, and make that of a dead letter."""
        attempt = self._attempts[id(events)]
        attempt.span.set("gt.outcome", outcome_label(outcome, status) or "not_due")
        if isinstance(outcome, Waiting):
            attempt.span.set("gt.provider", outcome.provider)
        if isinstance(outcome, FailedForNow | FailedForGood):
            failure = outcome.failure
            attempt.span.fail(failure.type, failure.message)
            if status is StoryStatus.FAILED:
                attributes = attributes_of(events.story)
                letter = self._tracer.start(
                    "dead letter",
                    attempt.span.traceparent,
                    attributes,
                    kind="producer",
                    start_ns=attempt.over_ns,
                )
                letter.end()

    def end(self, events: RunEvents) -> None:
        """End the span of the attempt."""
        self._attempts.pop(id(events)).span.end()

    def _wait(self, headers: Mapping[str, object]) -> tuple[str, dict[str, Value]]:
        """Return the name of the span of a story's wait, and where it was."""
        if self._local:
            return ("queue" if traceparent_of(headers) is None else "wait"), {}
        system: dict[str, Value] = {"messaging.system": "rabbitmq"}
        queue = _wait_queue(headers)
        return ("wait", system | {"messaging.destination.name": queue}) if queue else ("queue", system)

    def _root(self, story: StoryMessage, since_ns: int | None) -> str:
        """Make the root of a trace for a story whose publisher makes no traces."""
        name = "replay" if story.generation > 1 else "publish"
        start_ns = since_ns or _ns(story.published_at)
        root = self._tracer.start(name, None, attributes_of(story), kind="producer", start_ns=start_ns)
        root.end()
        return root.traceparent

    def _end_stage(self, attempt: _Attempt) -> None:
        if attempt.stage is not None:
            attempt.stage[1].end()
            attempt.stage = None


def _ns(when: datetime) -> int:
    return int(when.timestamp() * 1e6) * 1000


def _wait_queue(headers: Mapping[str, object]) -> str | None:
    """Return the wait queue that a story has just come out of, if it came out of one."""
    latest = next(iter(deaths(headers)), {})
    queue = latest.get("queue")
    return queue if isinstance(queue, str) and latest.get("reason") == "expired" else None
