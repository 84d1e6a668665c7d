"""Reports say why a story is in the queue again: the limit's text, or what its machine lacks."""

from __future__ import annotations

import io
import json

import pytest

from gt_common.lifecycle import fold
from gt_common.messages import StoryReleased, decode_event
from gt_common.progress.lines import said_change
from gt_common.report import csv_out, json_out, view
from gt_common.report.building import WholeBatch, build_report
from gt_common.report.page_rows import page_row
from gt_common.report.rows import StoryRow, row_of
from support.samples.events import BATCH, at, known_event, opened, story_event

QUOTA = "voice quota exceeded for alto"
FULL = "No space left on device: /videos"


def released(**fields: object) -> StoryReleased:
    event = story_event(StoryReleased, 1, 20, worker="w1", **fields)
    assert isinstance(event, StoryReleased)
    return event


LIMITED = released(
    reason="rate_limited",
    provider="voice",
    until=at(360),
    error=QUOTA,
    waits=92,
)
UNFIT = released(problem=FULL)
STOPPED = released()
OLD = released(reason="rate_limited", provider="gemini", until=at(360))
UNFIT_TEXT = f"requeued by w1, which cannot run stories now: {FULL}"


def row(event: StoryReleased, seconds: float = 30) -> StoryRow:
    return row_of(fold(BATCH, [opened(1), event]).stories["story-1"], at(seconds))


@pytest.mark.parametrize(
    ("event", "seconds", "text"),
    [
        (LIMITED, 30, f"voice until 12:06 UTC, wait 92: {QUOTA}"),
        (LIMITED, 400, f"waited for voice, wait 92: {QUOTA}"),
        (UNFIT, 30, UNFIT_TEXT),
        (OLD, 30, "gemini until 12:06 UTC"),
        (OLD, 400, ""),
        (STOPPED, 30, ""),
    ],
)
def test_tables_say_why_a_story_waits(event: StoryReleased, seconds: float, text: str) -> None:
    assert view.said_outcome(row(event, seconds)) == text


def test_the_page_says_it_too() -> None:
    assert page_row(row(LIMITED), None).remark == f"waiting for voice until 12:06 UTC, wait 92: {QUOTA}"
    assert page_row(row(UNFIT), None).remark == UNFIT_TEXT


def test_live_lines_say_it_too() -> None:
    assert said_change(LIMITED, 3).endswith(f", wait 92: {QUOTA}")
    assert said_change(UNFIT, 3) == f"queued  {UNFIT_TEXT}"
    assert said_change(STOPPED, 3) == "queued  requeued by w1, which is stopping"


def test_a_text_of_many_lines_stays_one_short_line() -> None:
    long = LIMITED.model_copy(update={"error": "quota\nexceeded " + "x" * 480})
    line = said_change(long, 3)
    assert "quota exceeded xxx" in line
    assert len(line) < 400


@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        (
            LIMITED,
            {
                "reason": "rate_limited",
                "provider": "voice",
                "until": "2026-03-01T12:06:00Z",
                "error": QUOTA,
                "waits": 92,
            },
        ),
        (UNFIT, {"reason": "machine_unfit", "provider": None, "until": None, "error": FULL, "waits": None}),
        (STOPPED, {"reason": "stopping", "provider": None, "until": None, "error": None, "waits": None}),
    ],
)
def test_json_has_an_object_for_programs(event: StoryReleased, wanted: dict[str, object]) -> None:
    state = fold(BATCH, [opened(1), event])
    report = build_report(state, at(30))
    out = io.StringIO()
    json_out.write(WholeBatch.of_state(state, "USD"), at(30), out)
    assert out.getvalue() == report.to_json() + "\n"
    (result,) = json.loads(out.getvalue())["results"]
    assert (result["requeued"], result["error"]) == (wanted, None)


def test_csv_has_it_in_its_last_columns() -> None:
    out = io.StringIO(newline="")
    csv_out.write(WholeBatch.of_state(fold(BATCH, [opened(1), LIMITED]), "USD"), at(30), out)
    header, line = out.getvalue().splitlines()
    assert header.endswith(",requeued_reason,requeued_error,waits")
    assert line.endswith(f",rate_limited,{QUOTA},92")


def test_an_event_of_an_earlier_version_is_read_as_before() -> None:
    body = STOPPED.model_dump_json(exclude={"problem", "error", "waits"}).encode()
    event = decode_event(body)
    assert isinstance(event, StoryReleased)
    assert (event.problem, event.error, event.waits) == (None, None, None)
    assert known_event(body) == event
