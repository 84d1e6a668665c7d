"""What operators may order with dead letters: times, rates, options, groups, steps of a canary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import JsonValue

from gt_common.errors import StoppedByRuleError, UsageError
from gt_common.lifecycle import StoryStatus, fold
from gt_common.messages import (
    Event,
    Replay,
    Restore,
    StoryCancelled,
    StoryEvent,
    StoryFailed,
    StoryMessage,
    StoryRequeued,
    StorySucceeded,
    decode_story,
    encode,
)
from gt_common.messaging.dead_letters import failed_event_of
from gt_common.progress.lines import said_change
from gt_common.redaction import redact
from gt_common.report.building import build_report
from gt_consumer.deadletters.canary import Canary, next_size
from gt_consumer.deadletters.display.documents import letter_lines, next_command, row
from gt_consumer.deadletters.display.steps import step_line, steps_document
from gt_consumer.deadletters.display.tables import discarded_row, discarded_table, group_table, replayed_table
from gt_consumer.deadletters.gate import Gate
from gt_consumer.deadletters.groups import Grouping, group_command
from gt_consumer.deadletters.ledger_view import KnownLetter, StoryKey, line_of, select_letters
from gt_consumer.deadletters.orders import (
    Order,
    Step,
    change_lines,
    make_replay,
    parse_options,
    parse_rate,
)
from gt_consumer.deadletters.selection import Selection, last_failure, parse_since
from support.samples.dead_letters import make_letter
from support.samples.events import known_event

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2h", NOW - timedelta(hours=2)),
        ("1d", NOW - timedelta(days=1)),
        ("2026-03-01T14:00+02:00", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01T14:00Z", datetime(2026, 3, 1, 14, tzinfo=UTC)),
        ("2026-03-01", datetime(2026, 3, 1).astimezone()),
    ],
)
def test_since_is_a_time_ago_or_a_moment(text: str, expected: datetime) -> None:
    assert parse_since(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "-2h", "2026-03-03T00:00Z", "400d"])
def test_since_is_refused_when_it_is_no_time_or_not_past(text: str) -> None:
    with pytest.raises(UsageError, match="--since"):
        parse_since(text, NOW)


def test_since_takes_the_time_of_death_and_of_discarding() -> None:
    letters = [make_letter(position) for position in (1, 2, 3)]
    since = Selection(since=letters[1].died_at)
    assert [letter.position for letter in letters if since.matches(letter)] == [2, 3]
    late = KnownLetter(letters[0], cancelled(letters[0]))
    assert select_letters([KnownLetter(letters[0]), late], since, None) == [late]


@pytest.mark.parametrize(
    ("text", "count", "per_s"), [("2/minute", 2, 60), ("5/10s", 5, 10), (" 1/hour ", 1, 3600)]
)
def test_a_rate(text: str, count: int, per_s: float) -> None:
    rate = parse_rate(text)
    assert (rate.count, rate.per_s) == (count, per_s)


@pytest.mark.parametrize("text", ["", "2", "0/minute", "x=2/minute", "2/minute,3/hour", "2/fortnight"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--rate"):
        parse_rate(text)


def test_options_are_json_or_text() -> None:
    given = ["voice=alto", "speed=1.5", "loud=true", "tags=[1, 2]", "gone=null", "empty=", "odd=NaN", "a=b=c"]
    assert parse_options(given) == {
        "voice": "alto",
        "speed": 1.5,
        "loud": True,
        "tags": [1, 2],
        "gone": None,
        "empty": "",
        "odd": "NaN",
        "a": "b=c",
    }


@pytest.mark.parametrize(
    "given", [["voice"], ["=alto"], ["a=1", "a=2"], ["api_key=x"], ["x=" + "y" * 20_000], ["n" * 101 + "=1"]]
)
def test_options_that_cannot_be_set(given: list[str]) -> None:
    with pytest.raises(UsageError, match="--set"):
        parse_options(given)


def test_a_replay_changes_options_and_remembers_what_they_were() -> None:
    letter = make_letter(1).model_copy(update={"options": {"voice": "v1", "old": 1, "kept": {"a": None}}})
    overlay: dict[str, JsonValue] = {"voice": "alto", "old": None, "new": [1]}
    order = Order(Selection(), None, "me@here", "too shrill", options=overlay)
    replay = make_replay(letter, order, Replay(at=NOW, by=order.by, reason=order.reason))
    story = decode_story(encode(letter.replayed(replay)))
    assert story.options == {"voice": "alto", "kept": {"a": None}, "new": [1]}
    assert story.replays[-1].options == overlay
    assert story.replays[-1].options_before == {"voice": "v1", "old": 1}
    lines = ['voice: "v1" -> "alto"', "old: 1 -> (none)", "new: (none) -> [1]"]
    assert [*change_lines(letter.options, overlay)] == lines
    shown = [line.strip() for line in letter_lines(KnownLetter(story))]
    start = next(place for place, line in enumerate(shown) if line.endswith("by me@here: too shrill"))
    assert shown[start + 1 : start + 4] == lines


def test_a_replay_without_options_leaves_them() -> None:
    letter = make_letter(1)
    replay = Replay(at=NOW, by="me@here")
    assert make_replay(letter, Order(Selection(), None, "me@here", None), replay) is replay
    assert letter.replayed(replay).options == letter.options


def test_a_reason_that_is_too_long_is_refused() -> None:
    with pytest.raises(UsageError, match="--reason"):
        Order(Selection(), None, "me@here", "x" * 501)


def who(letter: StoryMessage, generation: int) -> dict[str, str | int]:
    return {
        "batch_id": letter.batch_id,
        "story_id": letter.story_id,
        "position": letter.position,
        "url": letter.url,
        "generation": generation,
    }


def cancelled(letter: StoryMessage) -> StoryCancelled:
    given = who(letter, letter.generation)
    return StoryCancelled.model_validate(
        {**given, "attempt": letter.attempt, "at": NOW, "by": "me@here", "reason": "story deleted"}
        | {"purge_at": NOW + timedelta(days=30), "letter": letter}
    )


def test_groups_gather_by_cause_the_largest_first() -> None:
    letters = [
        make_letter(1, message="no answer after 30 s"),
        make_letter(2, kind="OSError", message="disk gone"),
        make_letter(4, "b2", message="no answer after 31 s"),
        make_letter(3, message="no answer after 9 s"),
    ]
    grouping = Grouping()
    for letter in letters:
        grouping.add(line_of(letter))
    again = last_failure(make_letter(9, message="no answer after 1 s"))
    first, second = grouping.groups([again.fingerprint])
    assert first.stories == tuple(letters[place].story_id for place in (2, 3, 0))
    assert (first.first_seen, first.last_seen) == (letters[0].died_at, letters[2].died_at)
    assert (first.batches, first.waiting) == (("b1", "b2"), 1)
    assert (len(second.stories), second.waiting) == (1, 0)
    assert group_command(first.fingerprint) == f"gt-dlq replay --group {first.fingerprint}"
    assert group_command("x y", "b1") == "gt-dlq replay --group 'x y' --batch b1"
    head, line, _ = group_table([first, second], 200)
    assert head.split()[:2] == ["GROUP", "COUNT"]
    assert line.startswith(f"{first.fingerprint}  3 +1 replayed")
    assert "no answer after 31 s" in line
    assert line.endswith("b1, b2")
    assert [letter for letter in letters if Selection(group=first.fingerprint).matches(letter)] == [
        letters[0],
        letters[2],
        letters[3],
    ]


def test_what_was_replayed_or_discarded_is_shown_as_such() -> None:
    letter = make_letter(1)
    waiting = KnownLetter(letter, StoryRequeued.model_validate(who(letter, 2) | {"by": "me@here", "at": NOW}))
    gone = KnownLetter(letter, cancelled(letter))
    assert "replayed g2, waiting" in [*replayed_table([waiting], 200)][1]
    assert "me@here" in [*discarded_table([discarded_row(gone)], 200)][1]
    assert (row(waiting)["status"], row(waiting)["generation"]) == ("queued", 2)
    discarded = row(gone)
    assert (discarded["status"], discarded["discarded_because"]) == ("cancelled", "story deleted")
    assert discarded["purge_at"] == "2026-04-01T12:00:00+00:00"
    assert next_command(waiting) is None
    assert (next_command(gone) or "").startswith("gt-dlq restore --batch b1 --story ")
    text = "\n".join(letter_lines(gone))
    assert "by me@here: story deleted" in text
    assert "can be restored until" in text


def test_a_restored_letter_stands_above_its_discarding_and_tells_no_second_run() -> None:
    letter = make_letter(1)
    back = letter.brought_back(Restore(at=NOW, by="me@here", reason="wrong one"))
    assert (back.generation, back.errors, back.died_at) == (2, letter.errors, letter.died_at)
    event = failed_event_of(decode_story(encode(back)))
    assert (event.generation, event.started_at, event.worker) == (2, None, "w1")
    assert event.event_id != failed_event_of(letter).event_id
    events: list[Event] = [failed_event_of(letter), cancelled(letter), event]
    assert fold("b1", events[:2]).stories[letter.story_id].status is StoryStatus.CANCELLED
    assert fold("b1", reversed(events)).stories[letter.story_id].event == event
    assert any("by me@here: wrong one" in line for line in letter_lines(KnownLetter(back, event)))


def test_a_discarded_story_is_reported_as_cancelled() -> None:
    letter = make_letter(1)
    event = known_event(encode(cancelled(letter)))
    assert event == cancelled(letter).model_copy(update={"event_id": event.event_id})
    report = build_report(fold("b1", [failed_event_of(letter), event]), NOW)
    assert (report.total, report.failed, report.cancelled, report.failure_groups) == (1, 0, 1, ())
    [result] = report.results
    assert (result.status, result.attempts, result.error) == (StoryStatus.CANCELLED, 3, None)
    assert said_change(cancelled(letter), 3) == "cancelled, try 3/3  by me@here: story deleted"


def test_steps_of_discarding_are_said_and_counted() -> None:
    steps = [Step("discarded", "b1", "s1", 1), Step("restored", "b1", "s1", 2)]
    assert [step_line(step) for step in steps] == [
        "discarded s1 of batch b1",
        "restored s1 of batch b1 as generation 2",
    ]
    document = steps_document(steps[:1], "discarded", None)
    assert (document["discarded"], document["removed"], document["skipped"]) == (1, 0, 0)


async def test_the_gate_lets_letters_wait_in_the_queue_when_the_rate_is_slow() -> None:
    now = [100.0]
    gate = Gate(parse_rate("2/minute"), clock=lambda: now[0])
    letter = make_letter(1)
    gate.holding()
    assert await gate.open()
    gate.passed(letter, 2)
    assert not await gate.open(), "half a minute is too long to hold the queue"
    now[0] += 30
    assert await gate.open()
    quick = Gate(parse_rate("1000/1s"), clock=lambda: now[0])
    quick.passed(letter, 2)
    now[0] += 60
    quick.passed(letter, 2)
    assert not await quick.open(), "the queue was held for a minute"
    quick.holding()
    assert await quick.open()
    assert await Gate().open()


def test_a_canarys_steps_grow() -> None:
    sizes = [1]
    while sizes[-1] < 400:
        sizes.append(next_size(sizes[-1]))
    assert sizes == [1, 2, 5, 20, 50, 100, 200, 400]
    assert next_size(3) == 5


class Fleet:
    """Stands for a ledger that knows at once what became of the replayed stories."""

    def __init__(self, *outcomes: StoryEvent) -> None:
        self.standing = {(event.batch_id, event.story_id): event for event in outcomes}

    def __call__(self, _stories: set[tuple[str, str]]) -> Mapping[StoryKey, StoryEvent]:
        return self.standing


def failed(letter: StoryMessage, message: str) -> StoryFailed:
    again = make_letter(letter.position, letter.batch_id, message=message)
    return failed_event_of(again).model_copy(update={"generation": 2})


def made(letter: StoryMessage) -> StorySucceeded:
    return StorySucceeded.model_validate(who(letter, 2) | {"output_path": "/v.mp4"})


def canary_of(letters: Sequence[StoryMessage], fleet: Fleet, remarks: list[str]) -> Canary:
    canary = Canary(len(letters), fleet, remarks.append)
    for letter in letters:
        assert not canary.full
        canary.sent(letter, 2)
    assert canary.full
    return canary


async def test_a_canary_stops_when_its_cause_comes_again() -> None:
    letters, remarks = [make_letter(1), make_letter(2)], list[str]()
    fleet = Fleet(made(letters[0]), failed(letters[1], "no answer"))
    with pytest.raises(StoppedByRuleError, match=f"story {letters[1].story_id} of batch b1 failed again"):
        await canary_of(letters, fleet, remarks).wait()


async def test_a_canary_goes_on_after_another_cause_but_not_when_all_failed() -> None:
    letters, remarks = [make_letter(1), make_letter(2)], list[str]()
    other = failed(letters[1], "disk gone")
    canary = canary_of(letters, Fleet(made(letters[0]), other), remarks)
    await canary.wait()
    assert not canary.full
    assert any("failed for a different reason: TimeoutError: disk gone" in text for text in remarks)
    with pytest.raises(StoppedByRuleError, match="none of the last 1 story succeeded"):
        await canary_of(letters[1:], Fleet(other), remarks).wait()


async def test_a_canary_takes_a_story_that_somebody_else_handled_as_ended() -> None:
    letter, remarks = make_letter(1), list[str]()
    later = StoryRequeued.model_validate(who(letter, 3) | {"by": "you@there"})
    canary = canary_of([letter], Fleet(later), remarks)
    await canary.wait()
    assert not canary.full


def test_the_refusal_of_a_secret_names_its_option_where_it_is_redacted() -> None:
    with pytest.raises(UsageError) as refused:
        parse_options(["api_key=x"])
    assert redact(str(refused.value)) == str(refused.value)
    assert "'api_key'" in str(refused.value)
