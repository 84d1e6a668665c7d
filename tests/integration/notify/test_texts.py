"""What notifications say: what happened, how many, why first, how long, and what to type next."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gt_common.failures import Failure
from gt_common.ledger import Ledger, open_ledger
from gt_common.ledger.outbox import NotificationKind
from gt_common.messages import (
    GT_BATCH,
    BatchOpened,
    Event,
    StoryCancelled,
    StoryFailed,
    StoryRequeued,
    StoryStarted,
    StorySucceeded,
)
from gt_common.notify.message import Message, Tone
from gt_common.notify.texts import message_of
from support.samples.events import BATCH, at, spent, story_event


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Yield an empty ledger that tells somebody."""
    with open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}", notify=("one",)) as ledger:
        yield ledger


def opened(total: int, name: str | None = None, made_by: str | None = None) -> BatchOpened:
    return BatchOpened(batch_id=BATCH, total=total, at=at(0), name=name, made_by=made_by)


def failed(number: int, message: str = "no answer", kind: str = "TimeoutError", seconds: float = 60) -> Event:
    failure = Failure(type=kind, message=message, stage="voice", retryable=True)
    return story_event(StoryFailed, number, seconds, failure=failure)


def made(*numbers: int) -> list[Event]:
    return [story_event(StorySucceeded, number, 60, duration_s=20) for number in numbers]


def text(ledger: Ledger, *events: Event, seconds: float = 100) -> Message:
    """Return the text of the next notification about these events."""
    ledger.apply(events)
    notification = ledger.outbox().claim("one")
    assert notification
    return message_of(notification, ledger.overview(BATCH), at(seconds), "USD")


def test_a_batch_without_failures(ledger: Ledger) -> None:
    said = text(ledger, opened(3, "night run"), *made(1, 2, 3))
    assert said == Message(
        'Batch "night run": all 3 videos are made',
        f"3 of 3 made, took 1 min.\nNext: gt-report {BATCH}",
        Tone.GOOD,
    )


def test_a_batch_with_failures_names_the_first_cause_and_its_cure(ledger: Ledger) -> None:
    others = [failed(number, f"cause {'abc'[number]}", "StrangeError") for number in (1, 2)]
    ledger.apply([opened(6), *made(3, 4), *others, failed(5), failed(6)])
    early = ledger.outbox().claim("one")
    assert early
    assert early.kind is NotificationKind.EARLY
    said = text(ledger)
    assert said.title == f"Batch {BATCH}: 4 failed, 2 videos made"
    assert said.body.splitlines() == [
        "2 of 6 made, 4 failed, took 1 min.",
        "Why: 2 x TimeoutError in voice: no answer (and 2 other causes)",
        "Advice: check the network and the service, then replay",
        f"Next: gt-report {BATCH}",
        f"Or: gt-dlq replay --batch {BATCH}",
    ]
    assert said.tone is Tone.BAD


def test_an_early_one_comes_while_others_run(ledger: Ledger) -> None:
    running = story_event(StoryStarted, 9, 30, started_at=at(30))
    said = text(ledger, opened(20), running, *made(1, 2), failed(3), failed(4))
    assert said.title == f"Batch {BATCH}: 2 of 20 stories failed for the same reason"
    assert said.body.splitlines() == [
        "Why: 2 x TimeoutError in voice: no answer",
        "Advice: check the network and the service, then replay",
        "2 of 20 made, 2 failed, 16 to go, 1 min 40 s so far, about 5 min left.",
        f"Next: gt-report {BATCH}",
        f"Or: gt-control pause {BATCH}",
    ]


def test_a_batch_of_one_machine_names_its_own_commands(ledger: Ledger) -> None:
    said = text(ledger, opened(1, made_by=GT_BATCH), failed(1))
    assert said.body.splitlines()[-1] == f"Or: gt-batch --retry-failed {BATCH}"
    assert "then retry" in said.body


def test_one_that_was_continued_since_does_not_say_that_it_is_done(ledger: Ledger) -> None:
    ledger.apply([opened(1), failed(1)])
    said = text(ledger, story_event(StoryRequeued, 1, 70, generation=2))
    assert said.title == f"Batch {BATCH}: ended, and has been continued since"
    assert said.body.startswith("0 of 1 made, 1 to go")


def test_cancelled_stories_are_counted(ledger: Ledger) -> None:
    said = text(ledger, opened(2), *made(1), story_event(StoryCancelled, 2, 60, letter=None))
    assert said.title == f"Batch {BATCH}: 1 cancelled, 1 video made"


def test_a_rule_says_what_happened_and_how_to_go_on(ledger: Ledger) -> None:
    ledger.apply([opened(20), *made(1)])
    ledger.enqueue(BATCH, NotificationKind.STOPPED, "2 of 20 stories failed")
    said = text(ledger)
    assert said.title == f"Batch {BATCH}: stopped by a rule"
    lines = said.body.splitlines()
    assert lines[0] == "2 of 20 stories failed."
    assert lines[-1] == f"Or: gt-control resume {BATCH}"


def test_a_batch_that_costs_too_much_goes_on_with_a_higher_limit(ledger: Ledger) -> None:
    limited = opened(20, made_by=GT_BATCH).model_copy(update={"max_cost": 1_000_000})
    text(ledger, limited, spent(2, cost={"elevenlabs": 1_200_000}))
    ledger.enqueue(BATCH, NotificationKind.STOPPED, "the batch has cost 1.20 USD")
    assert text(ledger).body.splitlines()[-1] == f"Or: gt-batch --resume {BATCH} --max-cost AMOUNT"


def test_a_warning_about_the_budget_says_how_much(ledger: Ledger) -> None:
    limited = opened(20).model_copy(update={"max_cost": 1_000_000})
    said = text(ledger, limited, *made(1), spent(2, cost={"elevenlabs": 840_000}))
    assert said.title == f"Batch {BATCH}: 84 % of its budget is spent"
    assert said.body.splitlines()[:2] == [
        "Spent 0.84 USD of 1.00 USD.",
        "1 of 20 made, 19 to go, 1 min 40 s so far, cost 0.84 USD.",
    ]
    assert said.tone is Tone.WARNING


def test_a_text_is_short_safe_and_without_secrets(ledger: Ledger) -> None:
    nasty = "api_key=abcdefghijkl\x1b[31m\n" + "long " * 300
    name = "a very long name of a batch that somebody has thought of for the night"
    said = text(ledger, opened(1, name), failed(1, nasty))
    assert "abcdefghijkl" not in said.body
    assert "\x1b" not in said.body
    assert len(said.title) <= 100
    assert len(said.body) <= 800
    assert max(map(len, said.body.splitlines())) <= 220
