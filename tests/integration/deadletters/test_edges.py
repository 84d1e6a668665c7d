"""Dead letters that no worker wrote, unknown batches, and questions that are answered with no."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import aio_pika
import pytest

from gt_common.failures import Failure
from gt_common.messages import AttemptError, BatchOpened, Replay, StoryMessage, decode_story, encode, utc_now
from gt_common.messaging.connection import connect
from gt_common.messaging.dead_letters import failed_event_of, put_aside_event, read_dead_letter
from gt_common.messaging.names import STORY_KEY, Names
from gt_common.settings import Settings
from gt_consumer.deadletters import command_change
from gt_consumer.deadletters.gate import Gate
from gt_consumer.deadletters.orders import Order, Step, skipped
from gt_consumer.deadletters.replay import replay
from gt_consumer.deadletters.selection import Selection
from gt_consumer.deadletters.sweep import LetterAction, Sweep
from support.dead_letter_queue import bury, gt_dlq, look, ready, record, take
from support.fleet import command
from support.samples.dead_letters import make_letter, make_story

pytestmark = pytest.mark.broker

LONG_AGO = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


async def put_aside(settings: Settings, position: int = 1, when: datetime = LONG_AGO) -> None:
    """Put a valid story among the dead letters, as a worker does that refuses its content type."""
    async with connect(settings, "test") as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange(Names(settings.namespace).dlx, ensure=False)
        message = aio_pika.Message(
            encode(make_story(position)),
            headers={"gt-reason": "malformed story message: its content type is text/plain"},
            timestamp=when,
        )
        await exchange.publish(message, STORY_KEY)
    await ready(settings, Names(settings.namespace).dlq, 1)


async def test_a_story_that_was_put_aside_is_replayed_by_the_command_that_its_group_names(
    settings: Settings, environment: dict[str, str]
) -> None:
    await put_aside(settings)
    async with command(environment, "gt-aggregate", "--until-idle") as aggregator:
        assert await aggregator.ends() == 0
    groups = await gt_dlq(environment, "groups")
    assert "MalformedMessage" in groups.out
    [line] = [line for line in groups.out.splitlines() if "gt-dlq replay --group" in line]
    done = await gt_dlq(environment, *line.partition("gt-dlq ")[2].split())
    assert (done.code, done.err) == (0, "gt-dlq: 1 replayed\n")
    [story] = await take(settings, Names(settings.namespace).stories)
    assert decode_story(story.body).generation == 2


async def test_the_time_of_death_is_the_messages_and_not_that_of_the_look(
    settings: Settings, environment: dict[str, str]
) -> None:
    await put_aside(settings)
    [first] = await look(settings, Names(settings.namespace).dlq)
    [second] = await look(settings, Names(settings.namespace).dlq)
    letters = [read_dead_letter(delivery) for delivery in (first, second)]
    assert [letter.died_at for letter in letters] == [LONG_AGO, LONG_AGO]
    told = put_aside_event(first)
    assert told is not None
    assert told.letter == letters[0]
    spared = await gt_dlq(environment, "discard", "--since", "1h", "-y")
    assert "nothing discarded" in spared.err
    taken = await gt_dlq(environment, "discard", "--since", "2026-01-01", "-y")
    assert taken.err == "gt-dlq: 1 discarded\n"


async def test_an_unknown_batch_has_its_exit_code_and_a_known_one_without_letters_none(
    settings: Settings, environment: dict[str, str]
) -> None:
    record(settings, [BatchOpened(batch_id="known", total=1)])
    commands = [("replay",), ("replay", "-n"), ("discard", "-y"), ("discard", "-n"), ("restore", "-n")]
    for words in commands:
        assert (await gt_dlq(environment, *words, "--batch", "nope")).code == 6, words
        assert (await gt_dlq(environment, *words, "--batch", "known")).code == 0, words


async def test_discarding_is_asked_for_by_the_queue_and_not_by_a_ledger_that_knows_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def no(question: str) -> bool:
        asked.append(question)
        return False

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    order = Order(Selection(batch="b1"), None, "me@here", None)

    def confirm() -> bool:
        return command_change.confirm(settings, "discard", order, yes=False, ask=no)

    assert await asyncio.to_thread(confirm), "nothing is there to be asked about"
    await bury(settings, [make_letter(1), make_letter(2)], known=False)
    assert not await asyncio.to_thread(confirm)
    assert asked == [
        "Discard the selected dead letters (0 according to the ledger, 2 in the queue altogether)?"
    ]
    assert "nothing discarded" in capsys.readouterr().err


async def test_a_letter_that_is_left_is_told_of_once_however_often_the_queue_is_held(
    settings: Settings,
) -> None:
    await bury(settings, [make_letter(position) for position in range(1, 4)])
    steps: list[Step] = []

    class Closing(Gate):
        """Lets one letter pass at a time."""

        def __init__(self) -> None:
            super().__init__()
            self.free = True

        async def open(self) -> bool:
            self.free = not self.free
            return not self.free

        async def wait(self) -> None:
            return

    async def leave(letter: StoryMessage) -> Step:
        return skipped(letter, "too large")

    order = Order(Selection(), None, "me@here", None)
    await Sweep(settings, order, LetterAction("test", leave, all_runs=True), Closing(), steps.append).run()
    assert [step.action for step in steps] == ["skipped"] * 3
    await ready(settings, Names(settings.namespace).dlq, 3)


async def test_a_replayed_message_has_room_for_the_errors_of_its_attempts(settings: Settings) -> None:
    large = make_letter(1).model_copy(update={"options": {"text": "x" * 127_000}})
    larger = make_letter(2).model_copy(update={"options": {"text": "x" * 150_000}})
    await bury(settings, [large, larger])
    steps: list[Step] = []
    await replay(settings, Order(Selection(), None, "me@here", None), steps.append)
    assert [step.action for step in steps] == ["replayed", "skipped"]
    [sent] = await take(settings, Names(settings.namespace).stories)
    story = decode_story(sent.body)
    wide = "\u4e16" * 9000
    worst = Failure(type=wide, message=wide, stage=wide, traceback=wide)
    for attempt in range(1, 7):
        error = AttemptError(
            failure=worst, generation=2, attempt=attempt, worker="\u4e16" * 200, ended_at=utc_now()
        )
        story = story.failed_attempt(error)
    dead = story.dead(error)
    assert decode_story(encode(dead)) == dead
    again = dead.replayed(Replay(at=utc_now() + timedelta(seconds=1), by="me@here"))
    assert decode_story(encode(again)).generation == 3


async def test_failures_of_a_batch_without_a_broker_are_no_dead_letters(
    settings: Settings, environment: dict[str, str]
) -> None:
    local, remote = make_letter(1, "local"), make_letter(2, "remote")
    record(settings, [BatchOpened(batch_id="local", total=1, made_by="gt-batch", tags={"made_by": "x"})])
    record(settings, [BatchOpened(batch_id="remote", total=1, tags={"made_by": "gt-batch"})])
    record(settings, [failed_event_of(local), failed_event_of(remote)])
    listed = json.loads((await gt_dlq(environment, "list", "--json")).out)
    assert [row["batch_id"] for row in listed["letters"]] == ["remote"]
