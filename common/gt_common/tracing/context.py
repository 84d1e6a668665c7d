"""The context of a trace in the headers of messages (W3C Trace Context), with no library.

A story carries the context of its publishing, which is the root of its trace, through all queues; an event
carries that of what it is about. No story depends on its trace, so unlike other headers they are read.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

TRACEPARENT: Final = "traceparent"
TRACESTATE: Final = "tracestate"
_FORM = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
"""Of version 00 (w3.org/TR/trace-context, 3.2.2)."""
_PUBLISHED = re.compile(r"(?:^|,)gt=(\d{1,20})(?:,|$)")
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Carried:
    """The contexts that messages published now carry, as values of `traceparent`; None for none."""

    story: str | None = None
    event: str | None = None


_NONE: Final = Carried()
_carried: ContextVar[Carried] = ContextVar("gt_trace", default=_NONE)
_handled: ContextVar[str | None] = ContextVar("gt_trace_handled", default=None)


def carried() -> Carried:
    """Return what messages carry that are published now."""
    return _carried.get()


def carry_with_events(traceparent: str) -> None:
    """From now on let events carry this context, for the rest of the current task and in those it starts."""
    _carried.set(replace(_carried.get(), event=traceparent))


@contextmanager
def carrying(traceparent: str | None) -> Iterator[None]:
    """Let messages that are published in a block carry this context."""
    token = _carried.set(Carried(traceparent, traceparent))
    try:
        yield
    finally:
        _carried.reset(token)


@contextmanager
def handling(headers: Mapping[str, object]) -> Iterator[None]:
    """Let `handled` return the context of the message with these headers, in a block."""
    token = _handled.set(traceparent_of(headers))
    try:
        yield
    finally:
        _handled.reset(token)


def handled() -> str | None:
    """Return the context of the message that is being handled; None if it has none."""
    return _handled.get()


def story_headers() -> Mapping[str, str]:
    """Return the headers by which a story that is published now carries its trace; none without one."""
    return headers_of(_carried.get().story)


def event_headers() -> Mapping[str, str]:
    """Return the headers by which an event that is published now carries its trace; none without one."""
    return headers_of(_carried.get().event)


def headers_of(traceparent: str | None) -> Mapping[str, str]:
    """Return the headers of a message that is published now with a context; none without one.

    The time of publishing is with it, because AMQP's own has whole seconds only.
    """
    if traceparent is None:
        return _NOTHING
    return {TRACEPARENT: traceparent, **since_now()}


def since_now() -> Mapping[str, str]:
    """Return the header that says when a message was published: now."""
    return {TRACESTATE: f"gt={time.time_ns()}"}


def traceparent_of(headers: Mapping[str, object]) -> str | None:
    """Return the context that a message carries; None if there is none, or it is not valid."""
    found = headers.get(TRACEPARENT)
    return found if isinstance(found, str) and _FORM.fullmatch(found) else None


def trace_id(traceparent: str) -> str:
    """Return the id of a context's trace, as log lines have it."""
    return traceparent[3:35]


def published_ns(headers: Mapping[str, object]) -> int | None:
    """Return when a message with a context was published, in nanoseconds since 1970, if it says so."""
    state = headers.get(TRACESTATE)
    match = _PUBLISHED.search(state) if isinstance(state, str) else None
    return int(match[1]) if match else None
