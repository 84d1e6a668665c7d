"""What is left of a batch, read from its events: every state that a kill can leave a story in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gt_common.errors import UsageError
from gt_common.failures import Failure
from gt_common.lifecycle import BatchState, StoryState, StoryStatus, fold
from gt_common.messages import (
    MAX_ORDINAL,
    AttemptError,
    BatchOpened,
    BatchPaused,
    BatchSealed,
    BatchStories,
    Event,
    FailureLimit,
    Priority,
    StopRules,
    StoryEvent,
    StoryMessage,
    StoryReleased,
    StoryRequeued,
    StoryRetrying,
    StoryStage,
    StoryStarted,
    StorySucceeded,
)
from gt_common.messaging.dead_letters import failed_event_of
from gt_common.stories import Story, read_list
from gt_common.stories.schedule import Schedule, Waits
from gt_consumer.batch.history import HISTORY
from gt_consumer.batch.work import BatchWork, add, begin, resume, retry_failed, start_over, with_rules
from gt_consumer.storage.checkpoints import Checkpoint, read_checkpoint, write_checkpoint

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
OOPS = Failure(type="TimeoutError", message="no answer", stage="voice")


def stories(count: int) -> list[Story]:
    return [
        Story(f"https://redd.it/s{n}", f"https://www.reddit.com/comments/s{n}/", "x", {"n": n, "no": None})
        for n in range(1, count + 1)
    ]


def of(work: BatchWork, place: int = 0) -> dict[str, object]:
    """Return the fields that all events of a planned story share."""
    message = work.stories[place][0]
    return {
        "batch_id": message.batch_id,
        "story_id": message.story_id,
        "position": message.position,
        "url": message.url,
        "worker": "w1",
        "started_at": NOW - timedelta(seconds=60),
    }


def resumed(work: BatchWork, *events: StoryEvent) -> BatchWork:
    """Plan a resume after these events; as in a ledger query, history has only some types of events."""
    everything: list[Event] = [*work.events, *events]
    history = [event for event in everything if event.type in HISTORY]
    return resume(fold(work.batch_id, everything), history, NOW)


def test_a_new_batch_is_opened_listed_and_sealed_before_its_first_story() -> None:
    work = begin("b", stories(3), "monday", {"team": "a"})
    opened, listed, sealed = work.events
    assert isinstance(opened, BatchOpened)
    assert (opened.total, opened.name, opened.tags, opened.made_by) == (
        3,
        "monday",
        {"team": "a"},
        "gt-batch",
    )
    assert isinstance(listed, BatchStories)
    assert isinstance(sealed, BatchSealed)
    assert [(message.position, delay) for message, delay in work.stories] == [(1, 0), (2, 0), (3, 0)]
    assert (work.total, work.before) == (3, None)


def test_what_was_not_begun_comes_back_as_it_was() -> None:
    work = begin("b", stories(2), None, {})
    again = resumed(work)
    assert again.events == ()
    for (was, _), (now, delay) in zip(work.stories, again.stories, strict=True):
        assert delay == 0
        assert now.model_copy(update={"published_at": was.published_at}) == was


def test_names_of_files_and_other_links_come_back_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("Once")
    lines = ["./a.md", "https://E.com/v?utm_source=x#t"]
    work = begin("b", read_list(lines, "x", tmp_path, any_link=True).stories, None, {})
    messages = [message for message, _ in resumed(work).stories]
    assert [message.given for message in messages] == ["./a.md", None]
    assert messages[1].url == lines[1]
    assert [message.canonical_url for message in messages] == [
        (tmp_path / "a.md").as_uri(),
        "https://e.com/v",
    ]


@pytest.mark.parametrize("stage", [False, True])
def test_a_killed_run_is_handed_back_and_its_attempt_is_not_spent(stage: bool) -> None:
    work = begin("b", stories(1), None, {})
    fields = of(work) | {"attempt": 2, "run": 1}
    event = StoryStage(stage="voice", **fields) if stage else StoryStarted(**fields)
    again = resumed(work, event)
    ((message, delay),) = again.stories
    assert (message.attempt, message.run, delay, message.options) == (2, 2, 0, {"n": 1, "no": None})
    (given_back,) = again.events
    assert isinstance(given_back, StoryReleased)
    assert (given_back.attempt, given_back.run, given_back.reason) == (2, 1, "stopping")
    state = fold("b", [*work.events, event, given_back])
    assert state.counts[StoryStatus.QUEUED] == 1


@pytest.mark.parametrize("kind", [StoryStarted, StoryStage, StoryReleased, StoryRetrying])
def test_the_last_event_names_the_project_to_resume(kind: type[StoryEvent]) -> None:
    work = begin("b", stories(1), None, {})
    more: dict[type[StoryEvent], dict[str, object]] = {
        StoryStage: {"stage": "voice"},
        StoryReleased: {"reason": "stopping"},
        StoryRetrying: {"failure": OOPS, "until": NOW},
    }
    fields = {**of(work), **more.get(kind, {})}
    again = resumed(work, kind.model_validate({**fields, "project_id": "p1"}))
    assert again.stories[0][0].project_id == "p1"
    assert {event.project_id for event in again.events if isinstance(event, StoryReleased)} <= {"p1"}
    unknown = resumed(work, kind.model_validate(fields))
    assert unknown.stories[0][0].project_id is None


def test_starting_over_resumes_no_project(tmp_path: Path) -> None:
    work = begin("b", stories(2), None, {})
    stage = StoryStage(stage="voice", project_id="p1", **of(work))
    again = resumed(work, stage)
    for story, _ in again.stories:
        write_checkpoint(tmp_path, story, Checkpoint(project_id="p1"))
    fresh = start_over(again, tmp_path)
    assert [story.project_id for story, _ in fresh.stories] == [None, None]
    assert [read_checkpoint(tmp_path, story) for story, _ in fresh.stories] == [None, None]
    assert fresh.events == again.events


def test_a_story_that_waits_goes_on_waiting_for_what_is_left() -> None:
    work = begin("b", stories(2), None, {})
    until = NOW + timedelta(seconds=30)
    failed = StoryRetrying(failure=OOPS, until=until, project_id="p1", at=NOW, **of(work))
    asked = StoryReleased(reason="rate_limited", provider="gemini", until=until, **of(work, 1))
    again = resumed(work, failed, asked)
    (retried, first), (waiting, second) = again.stories
    assert (retried.attempt, retried.run, first) == (2, 0, 30)
    assert retried.errors == (
        AttemptError(
            failure=OOPS,
            generation=1,
            attempt=1,
            worker="w1",
            project_id="p1",
            started_at=failed.started_at,
            ended_at=NOW,
        ),
    )
    assert (waiting.attempt, waiting.run, second) == (1, 1, 30)
    late = resumed(work, failed.model_copy(update={"until": NOW - timedelta(hours=1)}))
    assert late.stories[0][1] == 0


def test_what_is_final_is_left_alone() -> None:
    work = begin("b", stories(2), None, {})
    letter = work.stories[1][0].dead(error(1))
    again = resumed(work, StorySucceeded(output_path="/v.mp4", **of(work)), failed_event_of(letter))
    assert (again.events, again.stories) == ((), ())


def error(attempt: int) -> AttemptError:
    return AttemptError(failure=OOPS, generation=1, attempt=attempt, worker="w1", ended_at=NOW)


def test_failed_stories_are_run_again_as_their_next_generation_with_their_options() -> None:
    work = begin("b", stories(3), None, {})
    letter = work.stories[1][0].dead(error(3))
    events: list[Event] = [
        *work.events,
        StorySucceeded(output_path="/v.mp4", **of(work)),
        failed_event_of(letter),
    ]
    again = retry_failed(fold("b", events), [], "me@here", NOW)
    ((message, _),) = again.stories
    assert (message.generation, message.attempt, message.errors) == (2, 1, ())
    assert message.options == {"n": 2, "no": None}
    (requeued,) = again.events
    assert isinstance(requeued, StoryRequeued)
    assert (requeued.generation, requeued.by) == (2, "me@here")
    state = fold("b", [*events, *again.events])
    assert (state.counts[StoryStatus.QUEUED], state.counts[StoryStatus.SUCCESS]) == (2, 1)


def test_a_replayed_story_that_was_killed_keeps_its_generation_and_replays() -> None:
    work = begin("b", stories(1), None, {})
    letter = work.stories[0][0].dead(error(1))
    before: list[Event] = [*work.events, failed_event_of(letter)]
    replay = retry_failed(fold("b", before), [], "me@here", NOW)
    everything = [*before, *replay.events]
    history = [event for event in everything if event.type in HISTORY]
    ((message, _),) = resume(fold("b", everything), history, NOW).stories
    assert isinstance(message, StoryMessage)
    assert (message.generation, message.attempt, message.run) == (2, 1, 0)
    assert [replay.by for replay in message.replays] == ["me@here"]


def test_a_longer_list_adds_its_new_stories_after_the_known_ones() -> None:
    work = begin("b", stories(2), "first", {})
    going_on = add(resumed(work), [stories(4)[3], *stories(2)])
    assert [message.position for message, _ in going_on.stories] == [1, 2, 3]
    state = fold("b", [*work.events, *going_on.events])
    assert (state.total, len(state.stories), going_on.total) == (3, 3, 3)
    assert state.opened is not None
    assert state.opened.name == "first"
    assert add(resumed(work), stories(2)).events == ()


def test_a_batch_cannot_grow_over_the_highest_position() -> None:
    last = StoryState("x", MAX_ORDINAL, "https://redd.it/x", listed=True)
    full = BatchWork("b", BatchState("b", expected=1, stories={"x": last}), (), ())
    with pytest.raises(UsageError, match="at most 1,000,000 stories"):
        add(full, stories(1))


def test_new_stop_rules_are_set_by_an_event_and_leave_the_others_and_a_pause() -> None:
    five, ten = FailureLimit(count=5), FailureLimit(percent=10)
    work = with_rules(begin("b", stories(2), "n", {"team": "a"}), StopRules(max_failures=five))
    opened, listed, sealed = work.events
    assert isinstance(opened, BatchOpened)
    assert (opened.total, opened.name, opened.tags, opened.made_by) == (2, "n", {"team": "a"}, "gt-batch")
    assert (type(listed), type(sealed)) == (BatchStories, BatchSealed)
    paused = BatchPaused(batch_id="b", by="anna")
    state = fold("b", [*work.events, paused])
    again = with_rules(resume(state, [listed], NOW), StopRules(max_cost=3))
    assert again.rules is not None
    assert (again.rules.max_failures, again.rules.max_cost) == (five, 3)
    after = fold(state, with_rules(again, StopRules(max_failures=ten)).events)
    assert after.rules is not None
    assert (after.rules.max_failures, after.hold, after.opened) == (ten, paused, opened)
    assert with_rules(resume(state, [listed], NOW), None).events == ()


def test_a_story_with_a_start_time_waits_for_it_until_its_first_run_and_keeps_its_priority() -> None:
    work = begin("b", stories(2), None, {})
    opened, listed, sealed = work.events
    assert isinstance(listed, BatchStories)
    starts = NOW + timedelta(hours=1)
    given = {"not_before": starts, "priority": Priority.HIGH}
    listed = listed.model_copy(
        update={"stories": tuple(one.model_copy(update=given) for one in listed.stories)}
    )
    begun = StoryReleased(reason="stopping", **of(work, 1))
    state = fold("b", [opened, listed, sealed, begun])
    (first, wait), (second, no_wait) = resume(state, [listed], NOW).stories
    assert (first.starts_at, wait, second.starts_at, no_wait) == (starts, 3600, None, 0)
    assert {first.priority, second.priority} == {Priority.HIGH}


def test_a_list_with_times_waits_for_them_and_a_resume_does_too() -> None:
    lines = ["https://redd.it/a", '{"url": "https://redd.it/b", "start_after": "3h", "priority": "high"}']
    listed = read_list(lines, "x", Path("/")).stories
    now = datetime.now(UTC)
    begun = begin("b", listed, None, {}, Schedule(now, "2h", Priority.LOW))
    assert [round(delay_s / 3600, 2) for _, delay_s in begun.stories] == [2.0, 3.0]
    assert [story.priority for story, _ in begun.stories] == [Priority.LOW, Priority.HIGH]
    assert begun.waits(now) == Waits(2, now + timedelta(hours=2), now + timedelta(hours=3))
    state = fold("b", begun.events)
    lists = [event for event in begun.events if isinstance(event, BatchStories)]
    resumed = resume(state, lists, now + timedelta(hours=1))
    assert [round(delay_s / 3600, 2) for _, delay_s in resumed.stories] == [1.0, 2.0]
    same = {"priority", "not_before", "waits_for"}
    for (again, _), (first, _) in zip(resumed.stories, begun.stories, strict=True):
        assert again.model_dump(include=same) == first.model_dump(include=same)


def test_what_is_added_to_a_batch_has_its_own_times() -> None:
    now = datetime.now(UTC)
    begun = begin("b", stories(1), None, {})
    left = BatchWork("b", fold("b", begun.events), (), ())
    added = add(left, stories(2), Schedule(now, "1h"))
    ((story, delay_s),) = added.stories
    assert (story.position, story.starts_at, round(delay_s)) == (2, now + timedelta(hours=1), 3600)
    assert begun.waits(now) is None


def test_a_list_without_stories_is_not_a_batch() -> None:
    work = begin("b", (), None, {})
    assert (work.exists, work.events, work.stories, work.total) == (False, (), (), 0)
