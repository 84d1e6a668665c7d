"""The report's document: the contract's keys, sums that hold at every moment, what each field says."""

from __future__ import annotations

import json
from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given
from pydantic import ValidationError

from gt_common.lifecycle import BatchPhase, fold
from gt_common.messages import (
    GT_BATCH,
    BatchPaused,
    BatchResumed,
    Event,
    FleetPaused,
    StoryCancelled,
    StoryFailed,
    StoryReleased,
    StoryRequeued,
    StoryRetrying,
    StoryStarted,
    StorySucceeded,
)
from gt_common.report.building import build_report
from gt_common.report.model import BatchPause, BatchResult, VideoResult
from support.samples.events import BATCH, at, fleet_hold, hold, letter, lives, opened, story_event
from support.samples.reports import finished, under_way

REPORT_KEYS = [
    "schema", "batch_id", "name", "tags", "state",
    "total", "queued", "running", "retrying", "successful", "failed", "cancelled",
    "opened_at", "finished_at", "duration_s", "eta_s",
    "cost", "cost_wasted", "currency", "paused",
    "failure_groups", "results",
]  # fmt: skip
GROUP_KEYS = ["fingerprint", "count", "stage", "error_type", "sample", "stories"]
RESULT_KEYS = [
    "story_id", "position", "url", "project_id", "status", "stage", "error", "failure",
    "attempts", "generation", "worker", "output_path", "duration_s", "video_s", "title",
    "cost", "cost_wasted", "cancelled", "requeued",
]  # fmt: skip
FAILURE_KEYS = ["type", "message", "stage", "retryable", "fingerprint"]
COUNTS = ("queued", "running", "retrying", "successful", "failed", "cancelled")


def only_result(*events: Event) -> VideoResult:
    [result] = build_report(fold(BATCH, events), at(100)).results
    return result


def test_json_has_the_keys_of_the_contract_in_their_order() -> None:
    document = json.loads(build_report(finished(), at(100)).to_json())
    assert list(document) == REPORT_KEYS
    assert list(document["failure_groups"][0]) == GROUP_KEYS
    assert all(list(result) == RESULT_KEYS for result in document["results"])
    assert list(document["results"][1]["failure"]) == FAILURE_KEYS
    assert document["schema"] == 1


def test_a_paused_batch_says_by_whom_why_and_when_and_estimates_nothing() -> None:
    state = under_way()
    assert build_report(state, at(200)).eta_s is not None
    assert build_report(state, at(200)).paused is None
    state.take(hold(BatchPaused, 1, 9, by="anna", reason="too loud"))
    report = build_report(state, at(200))
    assert json.loads(report.to_json())["paused"] == {
        "by": "anna",
        "reason": "too loud",
        "at": "2026-03-01T12:00:09Z",
    }
    assert report.eta_s is None
    state.take(hold(BatchResumed, 2, 10))
    assert build_report(state, at(200)).paused is None


def test_the_own_pause_is_shown_before_that_of_the_fleet() -> None:
    state = under_way()
    state.take(fleet_hold(FleetPaused, by="bob"))
    assert (build_report(state, at(200)).paused or 0) == BatchPause(
        by="bob", reason=None, at=at(0), whole_fleet=True
    )
    state.take(hold(BatchPaused, by="anna"))
    assert (build_report(state, at(200)).paused or 0) == BatchPause(by="anna", reason=None, at=at(0))


def test_a_batch_that_has_ended_or_needs_no_fleet_is_not_paused() -> None:
    ended = finished()
    for pause in (hold(BatchPaused), fleet_hold(FleetPaused)):
        ended.take(pause)
    assert build_report(ended, at(200)).paused is None
    local = opened(2).model_copy(update={"made_by": GT_BATCH})
    assert build_report(fold(BATCH, [local, fleet_hold(FleetPaused)]), at(9)).paused is None
    assert build_report(fold(BATCH, [local, hold(BatchPaused)]), at(9)).paused is not None


def test_a_cancelled_story_says_by_whom_why_and_when() -> None:
    running = story_event(StoryStarted, 1, 5, attempt=2, started_at=at(5))
    told = {"by": "anna", "reason": "wrong list", "letter": None, "attempt": 2}
    stopped = only_result(running, story_event(StoryCancelled, 1, 9, started_at=at(5), **told))
    assert json.loads(stopped.model_dump_json())["cancelled"] == {
        "by": "anna",
        "reason": "wrong list",
        "at": "2026-03-01T12:00:09Z",
    }
    assert (stopped.status, stopped.attempts, stopped.error) == ("cancelled", 2, None)
    waiting = story_event(StoryRetrying, 1, 5)
    assert only_result(waiting, story_event(StoryCancelled, 1, 9, **told)).attempts == 1
    assert only_result(story_event(StoryCancelled, 1, 9, letter=None)).attempts == 0


def test_a_batch_whose_last_stories_were_cancelled_ended_with_the_cancel() -> None:
    met = letter(2).model_copy(update={"died_at": None})
    one = story_event(StoryCancelled, 1, 40, letter=None)
    other = story_event(StoryCancelled, 2, 40, letter=met)
    report = build_report(fold(BATCH, [opened(2), one, other]), at(1000))
    assert (report.state, report.cancelled, report.finished_at) == ("done_with_failures", 2, at(40))


def test_json_of_a_finished_batch() -> None:
    document = json.loads(build_report(finished(), at(1000)).to_json())
    assert document["state"] == "done_with_failures"
    assert [document[name] for name in ("total", *COUNTS)] == [5, 0, 0, 0, 2, 3, 0]
    assert document["opened_at"] == "2026-03-01T12:00:00Z"
    assert document["finished_at"] == "2026-03-01T12:01:11.200000Z"
    assert (document["duration_s"], document["eta_s"]) == (71.2, None)
    assert document["results"][0] == {
        "story_id": "story-1", "position": 1, "url": "https://www.reddit.com/comments/1/", "project_id": "p1",
        "status": "success", "stage": None, "error": None, "failure": None,
        "attempts": 1, "generation": 1, "worker": "w-1",
        "output_path": "/videos/1.mp4", "duration_s": 30.0, "video_s": 61.0, "title": None,
        "cost": None, "cost_wasted": None, "cancelled": None, "requeued": None,
    }  # fmt: skip


def test_failures_gather_by_cause_the_largest_first() -> None:
    first, second = build_report(finished(), at(100)).failure_groups
    assert (first.count, first.error_type, first.stories) == (2, "TimeoutError", ("story-2", "story-4"))
    assert (second.count, second.error_type, second.stage) == (1, "PermanentError", "fetch")


def test_open_batch_tells_what_each_story_is_at() -> None:
    report = build_report(under_way(), at(200))
    assert [getattr(report, name) for name in ("total", *COUNTS)] == [8, 2, 2, 1, 2, 1, 0]
    stages = {result.position: result.stage for result in report.results}
    assert stages[4] == "render"
    assert stages[6] == "waiting: try 2 at 12:10 UTC"
    assert stages[7] == "waiting: gemini until 21:39 UTC"
    assert stages[1] is stages[3] is None
    assert report.results[3].duration_s == 50.0
    assert (report.finished_at, report.duration_s) == (None, 200.0)
    assert report.eta_s is not None
    assert report.eta_s > 0


def test_waiting_time_is_said_in_the_zone_asked_for() -> None:
    zone = timezone(timedelta(hours=2))
    report = build_report(under_way(), at(200).astimezone(zone))
    assert report.results[6].stage == "waiting: gemini until 23:39"
    assert report.opened_at is not None
    assert report.opened_at.tzinfo is UTC


def test_a_wait_that_is_over_is_no_stage() -> None:
    assert build_report(under_way(), at(40000)).results[6].stage is None


def test_retrying_story_shows_its_last_error_but_is_in_no_group() -> None:
    report = build_report(fold(BATCH, [story_event(StoryRetrying)]), at(1))
    assert report.results[0].failure is not None
    assert report.results[0].failure.type == "TimeoutError"
    assert report.results[0].error == report.results[0].failure.message
    assert report.failure_groups == ()


def test_attempts_count_what_was_spent() -> None:
    assert only_result(story_event(StoryStarted, attempt=2)).attempts == 2
    assert only_result(story_event(StoryReleased, attempt=2)).attempts == 1
    replayed = only_result(story_event(StorySucceeded), story_event(StoryRequeued, generation=2))
    assert (replayed.attempts, replayed.generation, replayed.status) == (0, 2, "queued")


def test_unknown_opening_leaves_times_out() -> None:
    report = build_report(fold(BATCH, [story_event(StoryStarted)]), at(5))
    assert (report.opened_at, report.duration_s, report.name, report.total) == (None, None, None, 1)


def test_report_survives_its_json() -> None:
    report = build_report(finished(), at(100))
    assert BatchResult.model_validate_json(report.to_json()) == report


def test_counts_that_do_not_sum_up_are_refused() -> None:
    document = build_report(fold(BATCH, [opened(2)]), at(0)).model_dump()
    with pytest.raises(ValidationError, match="sum up to 3, the total is 2"):
        BatchResult.model_validate(document | {"failed": 1})


@given(lives())
def test_sums_hold_after_every_event(events: list[Event]) -> None:
    for number in range(len(events) + 1):
        report = build_report(fold(BATCH, events[:number]), at(60))
        assert report.total == sum(getattr(report, name) for name in COUNTS)
        assert len(report.results) <= report.total
        assert sum(group.count for group in report.failure_groups) == report.failed
        assert (report.finished_at is None) == (report.state == "open")
        assert [result.position for result in report.results] == sorted(r.position for r in report.results)


def test_discarding_a_dead_letter_later_does_not_make_the_batch_longer() -> None:
    died = letter().model_copy(update={"died_at": at(40)})
    failed = story_event(StoryFailed, seconds=40, letter=died.model_dump())
    discarded = story_event(StoryCancelled, seconds=9000, letter=died.model_dump())
    before = build_report(fold(BATCH, [opened(1), failed]), at(10_000))
    after = build_report(fold(BATCH, [opened(1), failed, discarded]), at(10_000))
    assert (after.cancelled, after.finished_at, after.duration_s) == (1, before.finished_at, 40.0)


def test_a_batch_whose_opening_has_not_arrived_is_open() -> None:
    report = build_report(fold(BATCH, [story_event(StorySucceeded)]), at(10))
    assert (report.state, report.successful, report.finished_at) == (BatchPhase.OPEN, 1, None)


def test_it_has_the_names_of_gossiptoons_own_results() -> None:
    report = build_report(finished(), at(1000))
    assert report.opened_at is not None
    assert report.started_at == report.opened_at.astimezone().replace(tzinfo=None)
    assert report.completed_at is not None
    assert (report.completed_at - report.started_at).total_seconds() == 71.2
    assert report.total_duration_seconds == 71.2
    assert [video.duration for video in report.results[:2]] == [61.0, None]
    open_ = build_report(under_way(), at(100))
    assert (open_.completed_at, open_.total_duration_seconds) == (None, None)
