"""The context of a trace in headers: only a valid one is read, and only the current one is written."""

from __future__ import annotations

import asyncio

import pytest

from gt_common.tracing import opening
from gt_common.tracing.context import (
    TRACEPARENT,
    TRACESTATE,
    carry_with_events,
    carrying,
    event_headers,
    handled,
    handling,
    published_ns,
    story_headers,
    trace_id,
    traceparent_of,
)

ONE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TWO = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "",
        ONE[:-1],
        ONE.upper(),
        f"{ONE}\n",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
    ],
)
def test_what_is_not_a_context_is_none(value: object) -> None:
    assert traceparent_of({TRACEPARENT: value}) is None
    assert traceparent_of({}) is None


def test_a_context_and_its_time_are_read_back() -> None:
    with carrying(ONE):
        headers = story_headers()
    assert traceparent_of(headers) == ONE
    assert trace_id(ONE) == "0af7651916cd43dd8448eb211c80319c"
    when = published_ns(headers)
    assert when is not None
    assert when > 1_700_000_000 * 10**9
    assert published_ns({TRACESTATE: f"other=x,gt={when},more=y"}) == when
    for wrong in ("gt=", "gt=soon", "agt=5", 5, None, f"gt={'9' * 30}"):
        assert published_ns({TRACESTATE: wrong}) is None


async def test_events_of_an_attempt_carry_it_and_the_story_its_root() -> None:
    async def attempt() -> tuple[str | None, str | None]:
        carry_with_events(TWO)
        return traceparent_of(story_headers()), traceparent_of(event_headers())

    with carrying(ONE):
        assert await asyncio.create_task(attempt()) == (ONE, TWO)
        assert traceparent_of(event_headers()) == ONE
    assert (story_headers(), event_headers()) == ({}, {})
    with handling({TRACEPARENT: ONE}):
        assert (handled(), story_headers()) == (ONE, {})
    assert handled() is None


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "TRUE"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_traces_are_made_where_a_collector_is_named(
    environment: dict[str, str], wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert opening.is_wanted() is wanted
