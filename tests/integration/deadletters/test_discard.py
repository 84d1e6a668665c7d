"""Dead letters discarded and restored, on a real broker and a SQLite ledger; also killed on the way."""

from __future__ import annotations

import json
import random
from collections import Counter
from datetime import timedelta
from functools import partial

import pytest

from gt_common.ledger import open_ledger
from gt_common.messages import (
    Event,
    StoryCancelled,
    StoryFailed,
    StoryMessage,
    StorySucceeded,
    decode_story,
    utc_now,
)
from gt_common.messaging.delivery import Delivery
from gt_common.messaging.names import Names
from gt_common.messaging.publisher import Publisher, open_publisher
from gt_common.settings import Settings
from gt_consumer.deadletters import command_change, command_read
from gt_consumer.deadletters.discard import discard, restore
from gt_consumer.deadletters.orders import Order, Step
from gt_consumer.deadletters.replay import replay
from gt_consumer.deadletters.selection import Selection
from support.dead_letter_queue import (
    Died,
    bury,
    depth,
    gt_dlq,
    look,
    mixed,
    positions,
    ready,
    record,
    run,
    start,
    take,
    take_in,
)
from support.samples.dead_letters import make_letter
from support.waiting import until

pytestmark = pytest.mark.broker

ALL = Selection()


def order(selection: Selection = ALL, limit: int | None = None) -> Order:
    return Order(selection, limit, "me@here", "no longer wanted")


def counts(settings: Settings, batch: str = "b1") -> dict[str, int]:
    with open_ledger(settings.ledger) as ledger:
        return {status.value: count for status, count in ledger.batch(batch).counts.items() if count}


async def test_discarded_letters_leave_the_queue_for_the_ledger_and_come_back(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    names, letters = Names(settings.namespace), mixed()
    await bury(settings, letters)
    await take(settings, names.ledger_queue)
    some = Selection(batch="b1", error="TimeoutError")
    done = await run(capsys, partial(command_change.perform, settings, "discard", order(some), as_json=True))
    assert (done.code, json.loads(done.out)["discarded"]) == (0, 2)
    await ready(settings, names.dlq, 4)
    assert positions(await look(settings, names.dlq)) == [2, 3, 4, 6]
    events = await take_in(settings)
    assert [type(event) for event in events] == [StoryCancelled, StoryCancelled]
    assert counts(settings) == {"failed": 1, "cancelled": 2}

    listed = await run(capsys, partial(command_read.list_discarded, settings, ALL, None, as_json=True))
    rows = json.loads(listed.out)["discarded"]
    assert [row["position"] for row in rows] == [5, 1]
    assert {row["discarded_by"] for row in rows} == {"me@here"}
    assert {row["discarded_because"] for row in rows} == {"no longer wanted"}
    text = await run(capsys, partial(command_read.list_discarded, settings, ALL, 1, as_json=False))
    assert "RESTORABLE UNTIL" in text.out
    assert "showing 1 of 2 dead letters" in text.err
    shown = await run(capsys, partial(command_read.show, settings, letters[0].story_id, None, as_json=False))
    assert f"Restore with: gt-dlq restore --batch b1 --story {letters[0].story_id}" in shown.out

    back = await run(
        capsys, partial(command_change.perform, settings, "restore", order(some, limit=1), as_json=False)
    )
    assert (back.code, back.out) == (0, f"restored {letters[0].story_id} of batch b1 as generation 2\n")
    await ready(settings, names.dlq, 5)
    assert positions(await look(settings, names.dlq)) == [2, 3, 4, 6, 1]
    assert [event.generation for event in await take_in(settings) if isinstance(event, StoryFailed)] == [2]
    assert counts(settings) == {"failed": 2, "cancelled": 1}
    with open_ledger(settings.ledger) as ledger:
        [one] = [event for event in ledger.failed(batch_id="b1") if event.position == 1]
        assert one.letter is not None
        assert one.letter.errors == letters[0].errors
        spans = [span for span in ledger.attempts("b1") if span.story_id == letters[0].story_id]
    assert [span.generation for span in spans] == [1], "no run was made since"

    again = order(Selection(stories=frozenset({one.story_id})))
    sent = await run(capsys, partial(command_change.perform, settings, "replay", again, as_json=True))
    assert [step["generation"] for step in json.loads(sent.out)["steps"]] == [3]


async def test_discarding_and_restoring_on_the_command_line(
    settings: Settings, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    dlq = Names(settings.namespace).dlq
    await bury(settings, mixed())
    unasked = await gt_dlq(environment, "discard", "--batch", "b1")
    assert (unasked.code, "discard asks for confirmation" in unasked.err) == (2, True)
    mixing = order(Selection(batch="b1", stage="mix"))
    plan = await run(capsys, partial(command_change.preview, settings, "discard", mixing, as_json=False))
    assert (plan.code, len(plan.out.splitlines())) == (0, 2)
    assert "would discard 1 dead letter, according to the ledger" in plan.err
    assert await depth(settings, dlq) == 6
    done = await gt_dlq(environment, "discard", "--batch", "b1", "-y", "--reason", "deleted")
    assert (done.code, done.err) == (0, "gt-dlq: 3 discarded\n")
    await ready(settings, dlq, 3)
    await take_in(settings)
    late = settings.model_copy(update={"discard_keep": 0.0})
    await discard(late, order(Selection(batch="b2", error="ValueError")), print)
    await take_in(settings)
    monday = order(Selection(batch="b1"))
    plan = await run(capsys, partial(command_change.preview, settings, "restore", monday, as_json=True))
    assert [letter["position"] for letter in json.loads(plan.out)["letters"]] == [1, 2, 5]
    back = await gt_dlq(environment, "restore", "-y", "--since", "1h", "--json")
    steps = json.loads(back.out)["steps"]
    assert (back.code, Counter(step["action"] for step in steps)) == (1, {"restored": 3, "skipped": 1})
    [refused] = [step for step in steps if step["action"] == "skipped"]
    assert refused["detail"].startswith("it could be restored until 20")
    await ready(settings, dlq, 5)
    unknown = order(Selection(batch="nosuch"))
    nothing = await run(capsys, partial(command_change.perform, settings, "restore", unknown, as_json=False))
    assert (nothing.code, "nothing restored" in nothing.err) == (6, True)


async def test_a_cancelled_story_is_restored_once_its_letter_has_come(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    queued = make_letter(1).model_copy(update={"errors": (), "died_at": None, "attempt": 1})
    cancel = StoryCancelled(
        **queued.identity(),
        at=queued.published_at,
        by="anna@desk",
        reason="wrong list",
        purge_at=utc_now() + timedelta(days=1),
    )
    with open_ledger(settings.ledger) as ledger:
        ledger.apply([cancel])
    try_it = partial(command_change.perform, settings, "restore", order(Selection(batch="b1")), as_json=False)
    early = await run(capsys, try_it)
    assert (early.code, "not yet: " in early.out) == (1, True)
    no_cause = order(Selection(batch="b1", error="TimeoutError"))
    other = await run(capsys, partial(command_change.perform, settings, "restore", no_cause, as_json=False))
    assert (other.code, other.out) == (0, ""), "its error would be known from the letter only"
    with open_ledger(settings.ledger) as ledger:
        ledger.apply([cancel.model_copy(update={"event_id": "e" * 32, "letter": queued})])
    late = await run(capsys, try_it)
    assert (late.code, late.out) == (0, f"restored {queued.story_id} of batch b1 as generation 2\n")
    await ready(settings, Names(settings.namespace).dlq, 1)
    [event] = await take_in(settings)
    assert isinstance(event, StoryFailed)
    assert (event.failure.type, event.failure.message) == ("Cancelled", "cancelled by anna@desk: wrong list")
    assert counts(settings) == {"failed": 1}


async def test_what_is_stale_or_no_story_is_not_discarded(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    names, letters = Names(settings.namespace), mixed()[:3]
    twin = letters[2].model_copy(update={"run": 1})
    await bury(settings, [*letters, letters[1], twin])
    async with open_publisher(settings, "test", patience=20) as publisher:
        await publisher.malformed(b"no story", "no JSON", "story")
    await ready(settings, names.dlq, 6)
    await take(settings, names.ledger_queue)
    made = {"batch_id": "b1", "story_id": letters[0].story_id, "position": 1, "url": letters[0].url}
    record(settings, [StorySucceeded.model_validate(made | {"output_path": "/v.mp4"})])
    done = await run(capsys, partial(command_change.perform, settings, "discard", order(), as_json=True))
    steps = [(step["action"], step["story_id"]) for step in json.loads(done.out)["steps"]]
    ids = [letter.story_id for letter in letters]
    assert steps == [
        ("removed", ids[0]),
        ("discarded", ids[1]),
        ("discarded", ids[2]),
        ("removed", ids[1]),
        ("discarded", ids[2]),
        ("skipped", None),
    ], "in the order of the queue"
    assert done.code == 1
    await ready(settings, names.dlq, 1)
    await take_in(settings)
    assert counts(settings) == {"success": 1, "cancelled": 1}
    assert counts(settings, "b2") == {"cancelled": 1}


MOMENTS = ["before the event", "after the event", "after the ack"]


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_discard_that_ends_between_two_steps_keeps_each_letter(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    names = Names(settings.namespace)
    await bury(settings, [make_letter(position) for position in range(1, 5)])
    await take(settings, names.ledger_queue)
    publish, ack = Publisher.event, Delivery.ack

    async def event(self: Publisher, event: Event) -> None:
        second = isinstance(event, StoryCancelled) and event.position == 2
        if second and moment == "before the event":
            raise Died
        await publish(self, event)
        if second and moment == "after the event":
            raise Died

    async def settle(self: Delivery) -> bool:
        settled = await ack(self)
        if positions([self]) == [2]:
            raise Died
        return settled

    with monkeypatch.context() as patched:
        patched.setattr(Publisher, "event", event)
        if moment == "after the ack":
            patched.setattr(Delivery, "ack", settle)
        steps: list[Step] = []
        with pytest.raises(Died):
            await discard(settings, order(), steps.append)
    # Letters of one group are handled together, so that others may have passed the one that failed.
    done = {step.story_id for step in steps} | (
        {make_letter(2).story_id} if moment == "after the ack" else set()
    )
    left = [position for position in range(1, 5) if make_letter(position).story_id not in done]
    await ready(settings, names.dlq, len(left))
    assert positions(await look(settings, names.dlq)) == left
    told = await take_in(settings)
    cancelled = {event.position for event in told if isinstance(event, StoryCancelled)}
    assert cancelled | set(left) == {1, 2, 3, 4}, "each lies in the ledger or in the queue"

    await discard(settings, order(), steps.append)
    await take_in(settings)
    assert await depth(settings, names.dlq) == 0
    assert counts(settings) == {"cancelled": 4}
    assert ("removed" in {step.action for step in steps}) == (moment == "after the event")


@pytest.mark.parametrize("moment", ["before the letter", "after the letter"])
async def test_a_restore_that_ends_between_two_steps_keeps_each_letter(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    names = Names(settings.namespace)
    await bury(settings, [make_letter(position) for position in range(1, 4)])
    await take(settings, names.ledger_queue)
    steps: list[Step] = []
    await discard(settings, order(), steps.append)
    await take_in(settings)
    publish = Publisher.dead_letter

    async def dead_letter(self: Publisher, message: StoryMessage) -> None:
        if message.position == 2 and moment == "before the letter":
            raise Died
        await publish(self, message)
        if message.position == 2:
            raise Died

    with monkeypatch.context() as patched:
        patched.setattr(Publisher, "dead_letter", dead_letter)
        with pytest.raises(Died):
            await restore(settings, order(), steps.append)
    back = 1 if moment == "before the letter" else 2
    await ready(settings, names.dlq, back)
    assert len(positions(await look(settings, names.dlq))) == back
    # Again before the ledger knows of it: copies of a letter, which the next replay sends once.
    await restore(settings, order(), steps.append)
    await ready(settings, names.dlq, back + 3)
    await take_in(settings)
    assert counts(settings) == {"failed": 3}
    await replay(settings, order(), steps.append)
    assert await depth(settings, names.dlq) == 0
    stories = [decode_story(delivery.body) for delivery in await take(settings, names.stories)]
    assert sorted((story.position, story.generation) for story in stories) == [(1, 3), (2, 3), (3, 3)]


async def test_the_leftover_of_a_killed_discard_is_not_replayed(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    names, letter = Names(settings.namespace), make_letter(1)
    await bury(settings, [letter])
    await discard(settings, order(), print)
    await take_in(settings)
    await bury(settings, [letter], known=False)
    await take(settings, names.ledger_queue)
    done = await run(capsys, partial(command_change.perform, settings, "replay", order(), as_json=False))
    assert (done.code, done.err) == (0, "gt-dlq: 1 removed as stale\n")
    assert "already discarded by me@here; `gt-dlq restore` brings it back" in done.out
    assert await depth(settings, names.stories) == 0
    await restore(settings, order(), print)
    await ready(settings, names.dlq, 1)


@pytest.mark.parametrize("seed", [1, 2])
async def test_discards_and_restores_killed_at_random_lose_nothing(
    settings: Settings, environment: dict[str, str], seed: int
) -> None:
    names, total, kills = Names(settings.namespace), 60, 0
    chance = random.Random(seed)  # noqa: S311 - a repeatable choice of moments
    await bury(settings, [make_letter(position) for position in range(1, total + 1)])
    await take(settings, names.ledger_queue)

    async def killed(*arguments: str) -> int:
        """Kill the command when it has recorded some letters in the ledger."""
        mark = chance.randrange(1, 30)
        process = await start(environment, *arguments)

        async def passed() -> bool:
            return await depth(settings, names.ledger_queue) >= mark or process.returncode is not None

        await until(passed, every=0.005)
        if process.returncode is None:
            process.kill()
        await process.communicate()
        return process.returncode == -9

    kills += await killed("discard", "-y")
    await take_in(settings)
    with open_ledger(settings.ledger) as ledger:
        cancelled = {event.position for event in ledger.cancelled()}

    async def all_there() -> bool:
        found = {decode_story(one.body).position for one in await look(settings, names.dlq)}
        return found | cancelled == set(range(1, total + 1))

    await until(all_there)

    async def finished() -> bool:
        # The broker may return letters that the killed command held only now.
        await discard(settings, order(), print)
        await take_in(settings)
        return await depth(settings, names.dlq) == 0

    await until(finished)
    assert counts(settings) == {"cancelled": total}

    kills += await killed("restore", "-y")
    await take_in(settings)
    await restore(settings, order(), print)
    await take_in(settings)
    assert counts(settings) == {"failed": total}
    back = [decode_story(one.body) for one in await take(settings, names.dlq)]
    assert {story.position for story in back} == set(range(1, total + 1))
    assert {story.generation for story in back} == {2}
    assert kills == 2, "both were killed at work"
