"""Start times and priorities as flags and lines of lists say them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gt_common.errors import UsageError
from gt_common.stories import Story, read_list
from gt_common.stories.priority import Priority, parse_priority
from gt_common.stories.schedule import Schedule, check_start, has_own, parse_start

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 27, 20, 30, tzinfo=BERLIN)


def start(text: str, now: datetime = NOW) -> datetime:
    return parse_start(text, now, BERLIN)


def berlin(*parts: int, fold: int = 0) -> datetime:
    year, month, day, hour, minute = parts
    return datetime(year, month, day, hour, minute, tzinfo=BERLIN, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2h", berlin(2026, 11, 27, 22, 30)),
        ("1h30m", berlin(2026, 11, 27, 22, 0)),
        ("22:00", berlin(2026, 11, 27, 22, 0)),
        ("6:05", berlin(2026, 11, 28, 6, 5)),
        ("0:00", berlin(2026, 11, 28, 0, 0)),
        ("2026-11-28T06:00", berlin(2026, 11, 28, 6, 0)),
        ("2026-11-28 06:00", berlin(2026, 11, 28, 6, 0)),
        ("2026-11-28", berlin(2026, 11, 28, 0, 0)),
        ("2026-11-27T22:00Z", berlin(2026, 11, 27, 23, 0)),
        ("2026-11-27T22:00-05:00", berlin(2026, 11, 28, 4, 0)),
        ("2026-11-01", berlin(2026, 11, 1, 0, 0)),
    ],
)
def test_a_start_time_is_a_duration_a_time_of_day_or_a_date(text: str, expected: datetime) -> None:
    assert start(text) == expected


def test_a_time_of_day_means_today_until_it_has_passed_for_a_minute() -> None:
    today, tomorrow = berlin(2026, 11, 27, 20, 30), berlin(2026, 11, 28, 20, 30)
    assert start("20:30", NOW - timedelta(seconds=1)) == today
    assert start("20:30", NOW + timedelta(seconds=59)) == today
    assert start("20:30", NOW + timedelta(seconds=60)) == tomorrow
    midnight = datetime(2026, 11, 28, 0, 0, 30, tzinfo=BERLIN)
    assert start("23:59:45", midnight) == berlin(2026, 11, 27, 23, 59) + timedelta(seconds=45)


def test_the_clock_that_is_put_forward_skips_a_time_of_day() -> None:
    before = datetime(2026, 3, 29, 1, 0, tzinfo=BERLIN)
    assert start("2:30", before) == berlin(2026, 3, 29, 3, 30)
    assert start("4:00", before) - before.astimezone(UTC) == timedelta(hours=2)


def test_of_a_time_of_day_that_comes_twice_the_first_that_is_ahead_counts() -> None:
    evening = datetime(2026, 10, 24, 22, 0, tzinfo=BERLIN)
    first, second = berlin(2026, 10, 25, 2, 30), berlin(2026, 10, 25, 2, 30, fold=1)
    assert second - first == timedelta(hours=1)
    assert start("2:30", evening) == first
    assert start("2:30", first + timedelta(minutes=10)) == second
    assert start("2:30", second + timedelta(minutes=10)) == berlin(2026, 10, 26, 2, 30)


@pytest.mark.parametrize(
    "text",
    ["", "90", "2230", "20261128", "24:00", "22:60", "-2h", "2 h", "tomorrow", "22", "2h22:00", "٢٢:٠٠"],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="a time of day such as 22:00"):
        start(text)


@pytest.mark.parametrize("text", ["367d", "2028-01-01", "9999-12-31T23:59-23:00"])
def test_what_is_too_far_ahead_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"invalid start time .*(more than a year ahead|expected)"):
        start(text)


def test_a_flag_is_named_when_it_is_refused() -> None:
    assert check_start("22:00") == "22:00"
    with pytest.raises(UsageError, match="invalid --start-after 'soon'"):
        check_start("soon")
    assert parse_priority(" High ") is Priority.HIGH
    with pytest.raises(UsageError, match="expected high, normal or low"):
        parse_priority("urgent")


def listed(*lines: str) -> Sequence[Story]:
    reading = read_list(lines, "urls.jsonl", Path("/"))
    assert reading.problems == ()
    return reading.stories


def test_a_line_decides_for_its_own_story() -> None:
    stories = listed(
        "https://redd.it/a",
        '{"url": "https://redd.it/b", "start_after": "3h", "priority": "low"}',
        '{"url": "https://redd.it/c", "start_after": "2026-11-01", "options": {"voice": "warm"}}',
    )
    schedule = Schedule(NOW, "22:00", Priority.HIGH, BERLIN)
    assert [schedule.start_of(story) for story in stories] == [
        berlin(2026, 11, 27, 22, 0),
        berlin(2026, 11, 27, 23, 30),
        None,
    ]
    assert [schedule.priority_of(story).value for story in stories] == ["high", "low", "high"]
    waits = schedule.waits(stories, NOW)
    assert waits is not None
    assert (waits.count, waits.first, waits.last) == (
        2,
        berlin(2026, 11, 27, 22, 0),
        berlin(2026, 11, 27, 23, 30),
    )


def test_without_times_of_lines_a_million_stories_are_not_looked_at() -> None:
    stories = listed("https://redd.it/a", "https://redd.it/b")
    assert not has_own(stories)
    waits = Schedule(NOW, "22:00", zone=BERLIN).waits(stories, NOW)
    assert waits is not None
    assert (waits.count, waits.first == waits.last) == (2, True)
    assert Schedule(NOW, "22:00", zone=BERLIN).waits(stories, NOW + timedelta(hours=2)) is None
    assert Schedule(NOW, priority=Priority.LOW).waits(stories, NOW) is None


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"url": "https://redd.it/b", "start_after": "soon"}', "invalid start time 'soon'"),
        ('{"url": "https://redd.it/b", "start_after": 5}', '"start_after" is not a string'),
        ('{"url": "https://redd.it/b", "priority": "urgent"}', "invalid priority 'urgent'"),
        ('{"url": "https://redd.it/b", "start": "2h"}', 'unknown key "start"'),
    ],
)
def test_a_wrong_line_is_named(line: str, problem: str) -> None:
    (said,) = read_list([line], "urls.jsonl", Path("/")).problems
    assert said.startswith(f"urls.jsonl:1: {problem}")


def test_the_same_story_with_another_time_is_refused() -> None:
    lines = ["https://redd.it/b", '{"url": "https://redd.it/b", "start_after": "2h"}']
    assert "same story" in read_list(lines, "x", Path("/")).problems[0]
