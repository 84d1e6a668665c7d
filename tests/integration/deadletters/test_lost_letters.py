"""Letters that the queue has lost and the ledger has, and letters deep in a long queue."""

from __future__ import annotations

import asyncio

import pytest

from gt_common.messages import BatchOpened, StoryCancelled, decode_story
from gt_common.messaging import browse
from gt_common.messaging.examine import examine_broker
from gt_common.messaging.names import Names
from gt_common.messaging.publisher import open_publisher
from gt_common.settings import Settings
from gt_consumer.deadletters import missing
from gt_consumer.deadletters.discard import discard
from gt_consumer.deadletters.orders import Order, Step
from gt_consumer.deadletters.replay import replay
from gt_consumer.deadletters.selection import Selection
from gt_consumer.doctor.finding import Finding
from gt_consumer.doctor.letters import look_for_lost_letters
from support.dead_letter_queue import bury, gt_dlq, look, positions, ready, take, take_in
from support.samples.dead_letters import make_letter

pytestmark = pytest.mark.broker


def order(*, from_ledger: bool = False, limit: int | None = None, **selected: object) -> Order:
    selection = Selection(**selected)  # type: ignore[arg-type]  # each test gives what fits
    return Order(selection, limit, "me@here", "mended", from_ledger=from_ledger)


async def lose(settings: Settings, *kept: int) -> None:
    """Bury four letters, of which the queue loses all but some and the ledger none."""
    await bury(settings, [make_letter(position) for position in range(1, 5)])
    await take_in(settings)
    await take(settings, Names(settings.namespace).dlq)
    if kept:
        await bury(settings, [make_letter(position) for position in kept])
        await take_in(settings)


async def test_lost_letters_are_named_and_replayed_from_the_ledger(
    settings: Settings, environment: dict[str, str]
) -> None:
    names = Names(settings.namespace)
    await lose(settings)
    listed = await gt_dlq(environment, "list")
    assert "the queue holds 0 dead letters, the ledger 4: the queue has lost 4 letters" in listed.err
    plain = await gt_dlq(environment, "replay", "--batch", "b1")
    assert (plain.code, plain.err) == (1, "gt-dlq: 4 skipped\n")
    assert plain.out.count("the ledger has it, the queue does not") == 4
    assert "add --from-ledger" in plain.out
    done = await gt_dlq(environment, "replay", "--batch", "b1", "--from-ledger")
    assert (done.code, done.err) == (0, "gt-dlq: 4 replayed\n")
    stories = [decode_story(delivery.body) for delivery in await take(settings, names.stories)]
    assert [(story.position, story.generation) for story in stories] == [(n, 2) for n in range(1, 5)]
    assert [story.replays[-1].by for story in stories] == [stories[0].replays[0].by] * 4


async def test_letters_of_the_queue_come_first_and_the_limit_counts_both(settings: Settings) -> None:
    await lose(settings, 3)
    steps: list[Step] = []
    await replay(settings, order(from_ledger=True, limit=3), steps.append)
    assert [step.action for step in steps] == ["replayed"] * 3
    assert positions(await take(settings, Names(settings.namespace).stories)) == [3, 1, 2]


async def test_only_selected_letters_are_missed_and_stored_events_come_first(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(missing, "STORE_S", 0.0)
    await lose(settings, 3)
    async with open_publisher(settings, "test", patience=20) as publisher:
        await publisher.event(BatchOpened(batch_id="b1", total=4))
    steps: list[Step] = []
    only = frozenset({make_letter(3).story_id, make_letter(4).story_id})
    await replay(settings, order(from_ledger=True, stories=only), steps.append)
    assert [step.action for step in steps] == ["replayed", "skipped"]
    assert "gt-aggregate has 2 events to store" in (steps[1].detail or "")
    await take_in(settings)
    steps.clear()
    await replay(settings, order(from_ledger=True, stories=only), steps.append)
    assert [(step.action, step.story_id) for step in steps] == [("replayed", make_letter(4).story_id)]


async def test_lost_letters_are_discarded_with_the_ledgers_copy(settings: Settings) -> None:
    await lose(settings)
    steps: list[Step] = []
    await discard(settings, order(from_ledger=True), steps.append)
    assert [step.action for step in steps] == ["discarded"] * 4
    events = await take_in(settings)
    assert [event.letter for event in events if isinstance(event, StoryCancelled)] == [
        make_letter(position) for position in range(1, 5)
    ]


async def test_letters_behind_many_others_are_reached_and_the_others_keep_their_order(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Names(settings.namespace)
    monkeypatch.setattr(browse, "WINDOWS", (3,) * 8)
    await bury(settings, [make_letter(position) for position in range(1, 21)])
    steps: list[Step] = []
    chosen = frozenset({make_letter(2).story_id, make_letter(19).story_id})
    await replay(settings, order(stories=chosen), steps.append)
    assert [step.action for step in steps] == ["replayed", "replayed"]
    await ready(settings, names.dlq, 18)
    left = await look(settings, names.dlq)
    assert positions(left) == [position for position in range(1, 21) if position not in {2, 19}]
    assert {delivery.delivery_count for delivery in left} == {1}
    assert positions(await take(settings, names.stories)) == [2, 19]


async def test_more_unselected_letters_than_can_be_held_hide_the_rest_and_are_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bury(settings, [make_letter(position) for position in range(1, 9)])
    await take_in(settings)
    monkeypatch.setattr(browse, "WINDOWS", (3, 3))
    steps: list[Step] = []
    await replay(settings, order(stories=frozenset({make_letter(8).story_id})), steps.append)
    assert [step.action for step in steps] == ["skipped"], "it is never reported as done"


async def test_doctor_warns_of_lost_letters_and_of_nothing_else(settings: Settings) -> None:
    async def findings() -> list[Finding]:
        status = await examine_broker(settings)
        return await asyncio.to_thread(lambda: [*look_for_lost_letters(status, settings)])

    await bury(settings, [make_letter(1)])
    assert await findings() == [], "its event is not stored yet"
    await take_in(settings)
    assert await findings() == []
    await take(settings, Names(settings.namespace).dlq)
    [finding] = await findings()
    assert (finding.check, str(finding.level)) == ("dead letters", "warn")
    assert "holds 0, the ledger has 1 dead letter" in finding.says
    assert "gt-dlq replay --from-ledger" in finding.cure
