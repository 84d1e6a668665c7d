"""How a worker obeys pauses, without a broker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from gt_common.messages import StoryMessage, StorySucceeded, encode
from gt_common.messaging.control.notices import CancelNotice
from gt_common.settings import load_settings
from gt_consumer.runner.outcomes import Succeeded
from gt_consumer.worker.holds import HeldStories
from gt_consumer.worker.intake import Intake
from gt_consumer.worker.returning import Parking
from gt_consumer.worker.worker import Worker
from support.fakes.holds import NOW, FakeLot, FakeSubscription, begun, hold, release, yes
from support.fakes.worker import FakeDelivery, RecordingPublisher, ScriptedRunner
from support.fakes.worker import message as new_message
from support.waiting import until

DONE = Succeeded(Path("/videos/1.mp4"), "p1", 3.0, 60.0)


def message(number: int = 1, **changes: object) -> StoryMessage:
    """Return a story of batch `b`; the same one whenever it is asked for."""
    return new_message(number, published_at=NOW, **changes)


async def test_a_story_of_a_paused_batch_is_parked_as_it_is_and_others_pass() -> None:
    lot = FakeLot()
    held = await begun(lot, hold())
    story = message(attempt=2, run=3)
    assert held.held("b")
    assert not held.held("other")
    assert await held.set_aside(story)
    assert lot.queues == {("b", 1): [story]}
    assert not await held.set_aside(message().model_copy(update={"batch_id": "other"}))


async def test_the_end_of_the_pause_brings_all_back_and_deletes_the_queue() -> None:
    lot = FakeLot()
    held = await begun(lot, hold())
    for number in (1, 2):
        await held.set_aside(message(number))
    assert held.parkings() == [("b", 1)]
    held.obey(release())
    assert not held.held("b")
    assert held.parkings() == [("b", 1)], "until the queue is gone it may hold stories"
    await until(lambda: not lot.queues)
    assert [story.story_id for story in lot.stories] == ["s1", "s2"]
    await until(lambda: not held.parkings() and not held.busy)


async def test_what_a_laggard_parks_after_the_end_comes_back_too() -> None:
    lot = FakeLot()
    held = HeldStories(lot, yes, laggards_s=0.2)
    held.obey(hold())
    await held.begin(Intake(FakeSubscription()))
    await held.set_aside(message(1))
    held.obey(release())
    await until(lambda: len(lot.stories) == 1)
    lot.queues["b", 1].append(message(2))
    await until(lambda: len(lot.stories) == 2)


async def test_a_laggard_that_finds_no_queue_reads_the_end_of_the_pause_first() -> None:
    lot = FakeLot()
    reads: list[str] = []

    async def read_on() -> bool:
        reads.append("read")
        held.obey(release())
        return True

    held = HeldStories(lot, read_on, laggards_s=0.01)
    held.obey(hold())
    assert not await held.set_aside(message())
    assert reads == ["read"]
    assert lot.queues == {("b", 1): []}
    assert not lot.stories


async def test_a_worker_that_stops_before_it_knows_puts_the_story_back() -> None:
    async def no() -> bool:
        return False

    lot = FakeLot()
    held = HeldStories(lot, no)
    held.obey(hold())
    assert await held.set_aside(message())
    assert lot.stories == [message()]


async def test_a_later_hold_has_a_queue_of_its_own() -> None:
    lot = FakeLot()
    held = await begun(lot, hold())
    await held.set_aside(message(1))
    held.obey(hold(revision=2))
    await held.set_aside(message(2))
    assert sorted(lot.queues) == [("b", 1), ("b", 2)]
    held.obey(release(revision=3))
    await until(lambda: len(lot.stories) == 2 and not lot.queues)


async def test_orders_that_come_again_change_nothing() -> None:
    lot = FakeLot()
    held = await begun(lot)
    for _ in range(3):
        held.obey(hold())
        held.obey(release())
    await until(lambda: not held.parkings() and not held.busy)
    assert lot.emptied["b", 1] == 2
    assert not held.held("b")
    held.obey(hold())
    assert not held.held("b"), "the later revision counts"


async def test_of_two_operators_at_the_same_time_the_later_one_counts() -> None:
    held = await begun(FakeLot(), hold(revision=2, at=NOW + timedelta(seconds=1)), release())
    assert held.held("b")


async def test_at_its_start_a_worker_looks_for_what_was_left_behind() -> None:
    lot = FakeLot()
    ago = NOW - timedelta(days=3)
    lot.queues["b", 1] = [message()]
    held = await begun(lot, hold(at=ago), release(at=ago), hold("c", at=ago), release("c", at=ago))
    await until(lambda: not lot.queues and not held.parkings())
    assert lot.stories == [message()]
    assert lot.emptied["c", 1] == 0


async def test_a_cancel_brings_parked_stories_back_to_be_dropped_once() -> None:
    lot = FakeLot()
    cancel = CancelNotice(at=NOW, by="ann", batch_id="b", stories=(("s1", 1),))
    held = await begun(lot, hold())
    await held.set_aside(message(1))
    for _ in range(2):
        held.obey(cancel)
    await until(lambda: len(lot.stories) == 1)
    assert lot.emptied["b", 1] == 1
    restarted = FakeLot()
    restarted.queues["b", 1] = [message(1)]
    await begun(restarted, hold(), cancel)
    await until(lambda: len(restarted.stories) == 1)


async def test_a_worker_without_the_right_to_park_lets_the_story_wait() -> None:
    lot = FakeLot()
    lot.refused = True
    held = await begun(lot, hold())
    assert await held.set_aside(message())
    assert lot.postponed == [message()]


async def test_a_broker_that_is_away_for_a_moment_delays_the_return() -> None:
    lot = FakeLot()
    lot.unreachable = 2
    held = await begun(lot, hold())
    await held.set_aside(message())
    held.obey(release())
    await until(lambda: lot.stories == [message()])


async def test_a_paused_fleet_takes_no_stories_and_gives_back_what_has_not_started() -> None:
    lot, subscription = FakeLot(), FakeSubscription()
    held = HeldStories(lot, yes)
    held.obey(hold(None))
    await held.begin(Intake(subscription))
    assert subscription.calls == ["pause"]
    assert await held.set_aside(message(attempt=2, run=1))
    assert lot.stories == [message(attempt=2, run=1)]
    held.obey(release(None))
    await until(lambda: subscription.calls == ["pause", "resume"])
    assert not await held.set_aside(message())


async def test_a_pause_that_ends_while_a_worker_subscribes_is_over() -> None:
    subscription = FakeSubscription()
    held = HeldStories(FakeLot(), yes)
    held.obey(hold(None))
    intake = Intake(subscription, paused=held.fleet_held)
    held.obey(release(None))
    await held.begin(intake)
    assert subscription.calls == ["resume"]


async def test_the_end_of_one_reason_does_not_end_the_pause_of_another() -> None:
    subscription = FakeSubscription()
    intake = Intake(subscription)
    await asyncio.gather(intake.pause("rest"), intake.pause("fleet paused"))
    await intake.resume("rest")
    assert subscription.calls == ["pause"]
    await intake.resume("fleet paused")
    assert subscription.calls == ["pause", "resume"]


async def test_a_worker_parks_what_is_paused_acks_it_and_takes_it_again(tmp_path: Path) -> None:
    book, lot = RecordingPublisher(), FakeLot()
    held = await begun(lot, hold())
    settings = load_settings(prefetch=2, output=tmp_path, worker_name="w1")
    worker = Worker(settings, ScriptedRunner(DONE), book, holds=held)
    story = message(attempt=2)
    worker.receive(FakeDelivery(book, encode(story), 1))
    await worker.wait_until_quiet()
    assert book.names() == ["ack"]
    assert lot.queues == {("b", 1): [story]}
    worker.obey(release())
    worker.receive(FakeDelivery(book, encode(story)))
    await worker.wait_until_quiet()
    assert book.names() == ["ack", "story.succeeded", "ack"]
    assert book.found("story.succeeded", StorySucceeded).attempt == 2


class Quick(FakeLot):
    """A lot from which a parked story is back before its parking is known."""

    back: Callable[[], None]

    async def park(self, story: StoryMessage, revision: int) -> bool:
        done = await super().park(story, revision)
        if done:
            self.back()
        return done


async def test_a_copy_that_comes_back_before_the_ack_is_not_taken_for_the_one_that_was_parked(
    tmp_path: Path,
) -> None:
    book, lot = RecordingPublisher(), Quick()
    held = await begun(lot, hold())
    worker = Worker(load_settings(prefetch=2, output=tmp_path), ScriptedRunner(DONE), book, holds=held)

    def back() -> None:
        worker.obey(release())
        worker.receive(FakeDelivery(book, encode(message())))

    lot.back = back
    worker.receive(FakeDelivery(book, encode(message())))
    await until(lambda: "story.succeeded" in book.names() and not worker.busy)
    assert book.names() == ["ack", "story.succeeded", "ack"]


async def test_a_cancelled_story_of_a_paused_batch_is_dropped_and_not_parked(tmp_path: Path) -> None:
    book, lot = RecordingPublisher(), FakeLot()
    cancel = CancelNotice(at=NOW, by="ann", batch_id="b", stories=(("s1", 1),))
    held = await begun(lot, hold())
    worker = Worker(load_settings(prefetch=2, output=tmp_path), ScriptedRunner(), book, holds=held)
    worker.obey(cancel)
    worker.receive(FakeDelivery(book, encode(message())))
    await worker.wait_until_quiet()
    assert book.names() == ["story.cancelled", "ack"]
    assert not lot.queues


class Stuck(FakeLot):
    """A lot with a queue that the broker never loads."""

    async def empty(self, parking: Parking) -> int:
        if parking == ("b", 1):
            await asyncio.Event().wait()
        return await super().empty(parking)


async def test_a_queue_that_never_loads_keeps_back_no_story_of_another_hold() -> None:
    lot = Stuck()
    lot.queues = {("b", 1): [], ("b", 3): [message()]}
    held = await begun(lot, hold(), release(), hold(revision=3))
    held.obey(release(revision=4))
    await until(lambda: lot.stories == [message()])
    assert held.busy
    await held.aclose()
