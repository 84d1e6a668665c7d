"""Selecting dead letters, telling stale copies, and how letters are shown."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta

import pytest
from rich.cells import cell_len

from gt_common.errors import UsageError
from gt_common.messages import (
    Replay,
    Restore,
    StoryCancelled,
    StoryEvent,
    StoryMessage,
    StoryRequeued,
    StoryStarted,
    StorySucceeded,
    decode_story,
    utc_now,
)
from gt_common.messaging.dead_letters import failed_event_of
from gt_consumer.deadletters.display.documents import full, letter_lines, next_command
from gt_consumer.deadletters.display.steps import step_line, summary
from gt_consumer.deadletters.display.tables import format_time, letter_row, letter_table
from gt_consumer.deadletters.ledger_view import KnownLetter, line_of, select_letters
from gt_consumer.deadletters.orders import Step
from gt_consumer.deadletters.queue_view import QueueState, difference
from gt_consumer.deadletters.selection import Selection, last_failure
from gt_consumer.deadletters.stale import LAST, stale_reason, why_stale
from support.samples.dead_letters import make_error, make_letter, make_story

LETTER = make_letter(1, kind="TimeoutError", message="gemini gave no answer", stage="narration")


@pytest.mark.parametrize(
    ("selection", "meant"),
    [
        (Selection(), True),
        (Selection(batch="b1"), True),
        (Selection(batch="b"), False),
        (Selection(stories=frozenset({LETTER.story_id, "other"})), True),
        (Selection(stories=frozenset({"other"})), False),
        (Selection(error="timeouterror"), True),
        (Selection(error="Timeout"), False),  # neither the whole type nor a part of the message
        (Selection(error="GAVE no"), True),
        (Selection(stage="Narration"), True),
        (Selection(stage="narr"), False),
        (Selection(batch="b1", error="TimeoutError", stage="narration"), True),
        (Selection(batch="b1", error="TimeoutError", stage="mix"), False),
        (Selection(batch="b2", error="TimeoutError"), False),
    ],
)
def test_selection_takes_what_fits_in_everything_given(selection: Selection, meant: bool) -> None:
    assert selection.matches(LETTER) is meant


def test_a_letter_without_stage_or_errors_is_not_in_any_stage() -> None:
    nameless = make_letter(2, stage=None)
    foreign = make_story(3).model_copy(update={"died_at": utc_now()})
    assert not Selection(stage="narration").matches(nameless)
    assert not Selection(stage="narration").matches(foreign)
    assert Selection(error="does not name an error").matches(foreign)
    assert last_failure(foreign).type == "unknown"


@pytest.mark.parametrize(
    ("given", "flag"), [({"batch": ""}, "--batch"), ({"error": " "}, "--error"), ({"stage": ""}, "--stage")]
)
def test_an_empty_selector_is_refused_and_does_not_mean_all(given: dict[str, str], flag: str) -> None:
    with pytest.raises(UsageError, match=f"{flag} is empty"):
        Selection(**given)  # type: ignore[arg-type]  # texts only
    with pytest.raises(UsageError, match="--story is empty"):
        Selection(stories=frozenset({""}))


def test_choosing_keeps_the_order_and_limits_what_is_chosen() -> None:
    known = [KnownLetter(make_letter(n, "b1" if n % 2 else "b2")) for n in range(1, 8)]
    assert [one.letter.position for one in select_letters(known, Selection(batch="b1"), 3)] == [1, 3, 5]
    assert [one.letter.position for one in select_letters(known, Selection(batch="b2"), None)] == [2, 4, 6]


def requeued(letter: StoryMessage, generation: int) -> StoryEvent:
    return StoryRequeued(**who(letter), generation=generation, by="me@here")


def who(letter: StoryMessage) -> dict[str, str | int]:
    return {
        "batch_id": letter.batch_id,
        "story_id": letter.story_id,
        "position": letter.position,
        "url": letter.url,
    }


def cancelled(letter: StoryMessage) -> StoryCancelled:
    now = utc_now()
    return StoryCancelled(
        **who(letter),
        at=now,
        attempt=letter.attempt,
        by="me@here",
        reason="deleted",
        purge_at=now + timedelta(days=30),
        letter=letter,
    )


def succeeded(letter: StoryMessage, generation: int) -> StoryEvent:
    return StorySucceeded(**who(letter), generation=generation, output_path="/v/1.mp4")


def test_stale_is_only_what_the_ledger_knows_to_be_sent_or_made() -> None:
    second = LETTER.model_copy(update={"generation": 2})
    assert why_stale(second, None) is None
    assert why_stale(second, failed_event_of(second)) is None
    assert why_stale(second, StoryStarted(**who(second), generation=2, attempt=3)) is None
    assert why_stale(second, requeued(second, 2)) is None
    assert why_stale(second, succeeded(second, 1)) is None, "a success of the generation before is older"
    assert why_stale(second, succeeded(second, 2)) == "the story has succeeded since"
    assert why_stale(second, requeued(second, 3)) == "already replayed, as generation 3"
    assert why_stale(second, succeeded(second, 3)) == "already replayed, as generation 3"


def test_the_twin_of_a_letter_replayed_just_now_is_stale_but_a_later_generation_is_not() -> None:
    key = (LETTER.batch_id, LETTER.story_id)
    replayed = (1, LAST, LAST)
    assert "another copy" in (stale_reason(LETTER, {}, {key: replayed}) or "")
    assert stale_reason(LETTER.model_copy(update={"generation": 2}), {}, {key: replayed}) is None
    assert stale_reason(LETTER, {}, {("b2", LETTER.story_id): replayed}) is None


def test_a_letter_of_a_pruned_batch_is_stale() -> None:
    assert stale_reason(LETTER, {}, {}, {LETTER.batch_id}) == "its batch was removed by gt-prune --failed"
    assert stale_reason(LETTER, {}, {}, {"other"}) is None


def test_a_letter_of_a_later_run_is_none_of_a_discarded_ones_twins() -> None:
    key, discarded = (LETTER.batch_id, LETTER.story_id), (1, LETTER.attempt, 0)
    assert "another copy" in (stale_reason(LETTER, {}, {key: discarded}) or "")
    assert stale_reason(LETTER.model_copy(update={"run": 1}), {}, {key: discarded}) is None


def test_a_discarded_letter_is_stale_but_not_a_later_one_of_its_story() -> None:
    standing = cancelled(LETTER)
    assert why_stale(LETTER, standing) == "already discarded by me@here; `gt-dlq restore` brings it back"
    assert why_stale(LETTER.model_copy(update={"run": 1}), standing) is None
    assert why_stale(LETTER.model_copy(update={"generation": 2}), standing) is None
    restored = LETTER.brought_back(Restore(at=utc_now(), by="me@here"))
    assert why_stale(LETTER, failed_event_of(restored)) == "already replayed, as generation 2"
    assert why_stale(restored, failed_event_of(restored)) is None


def test_the_letter_of_a_story_that_was_cancelled_before_it_came_is_not_stale() -> None:
    waiting = cancelled(LETTER).model_copy(update={"letter": None, "attempt": LETTER.attempt + 1})
    assert why_stale(LETTER, waiting) is None
    assert (
        why_stale(LETTER, waiting.model_copy(update={"generation": 2})) == "already replayed, as generation 2"
    )


def test_a_replayed_letter_starts_afresh_and_remembers_who_sent_it() -> None:
    replay = Replay(at=utc_now(), by="me@here", reason="quota is back")
    story = decode_story(LETTER.replayed(replay).model_dump_json().encode())
    assert (story.generation, story.attempt, story.run, story.errors, story.died_at) == (2, 1, 0, (), None)
    assert story.replays == (replay,)
    assert story.options == {"voice": "v1"}


def test_the_difference_is_said_only_when_there_is_one() -> None:
    assert difference(QueueState(4), 4) is None
    more, fewer = difference(QueueState(5), 4), difference(QueueState(1), 4)
    assert more is not None
    assert more.startswith("the queue holds 5 dead letters, the ledger 4: second copies, or messages")
    assert fewer is not None
    assert fewer.startswith("the queue holds 1 dead letter, the ledger 4: the queue has lost 3 letters")
    assert "gt-dlq replay --from-ledger" in fewer
    behind = difference(QueueState(5, unstored=1, aggregating=False), 4)
    assert behind is not None
    assert behind.endswith("the ledger 4: 1 event not stored yet; start gt-aggregate")
    held = difference(QueueState(1, held=True), 4)
    assert held is not None
    assert held.endswith("another gt-dlq command holds letters now")
    unseen = difference(QueueState(1, unstored=None), 4)
    assert unseen is not None
    assert "or gt-aggregate has not stored their replay" in unseen


def test_the_table_has_all_columns_and_no_control_characters() -> None:
    hostile = make_letter(2, message="red \x1b[31m [bold]text[/bold] " + "x" * 200)
    head, first, second = letter_table([letter_row(line_of(one)) for one in (LETTER, hostile)], 200)
    assert head.split() == ["STORY", "BATCH", "STAGE", "ERROR", "MESSAGE", "ATTEMPTS", "WORKER", "DIED"]
    for cell in (
        LETTER.story_id,
        "b1",
        "narration",
        "TimeoutError",
        "gemini gave no answer",
        "3",
        "w1",
        "2026",
    ):
        assert cell in first
    assert "\x1b" not in second
    assert "[bold]text[/bold]" in second
    assert "…" in second
    assert "x" * 60 not in second


@pytest.mark.parametrize("width", [40, 130, 150, 200])
def test_a_narrow_screen_cuts_messages_and_never_ids(width: int) -> None:
    letters = [make_letter(n, "a-batch-with-a-name", message="語" * 100) for n in range(1, 4)]
    head, *lines = letter_table([letter_row(line_of(one)) for one in letters], width)
    assert head.startswith("STORY  ")
    for letter, line in zip(letters, lines, strict=True):
        assert line.startswith(f"{letter.story_id}  a-batch-with-a-name  narration  TimeoutError  語")
        assert "…" in line
        assert line.endswith(format_time(letter.died_at))
        assert cell_len(line) <= max(width, 130)


def test_show_says_every_attempt_its_traceback_the_replays_and_the_command() -> None:
    earlier = make_error(0, "OSError", "disk gone", "mix")
    replays = (Replay(at=utc_now(), by="me@here", reason="again"),)
    letter = LETTER.model_copy(
        update={"errors": (earlier, *LETTER.errors), "replays": replays, "generation": 2}
    )
    text = "\n".join(letter_lines(KnownLetter(letter)))
    for part in (
        letter.story_id,
        "Batch       b1, position 1",
        letter.url,
        "voice = v1",
        "Generation  2",
        "OSError: disk gone",
        "TimeoutError: gemini gave no answer",
        "          File x\n            here",
        "by me@here: again",
        "worker      w1",
        f"gt-dlq replay --batch b1 --story {letter.story_id}",
    ):
        assert part in text
    document = full(KnownLetter(letter))
    assert json.loads(json.dumps(document)) == document
    assert document["replay_command"] == next_command(KnownLetter(letter))
    assert StoryMessage.model_validate(document["letter"]) == letter


def test_steps_are_said_one_by_one_and_in_sum() -> None:
    steps = [
        Step("replayed", "b1", "s1", 2),
        Step("removed", "b1", "s2", 1, "already replayed, as generation 2"),
        Step("skipped", None, None, None, "not a story: not JSON"),
    ]
    assert [step_line(step) for step in steps] == [
        "replayed s1 of batch b1 as generation 2",
        "removed a stale copy of s2 of batch b1: already replayed, as generation 2",
        "skipped a message: not a story: not JSON",
    ]
    assert summary(Counter(step.action for step in steps)) == "1 replayed, 1 removed as stale, 1 skipped"
