"""The aggregator without a broker: one commit a group, acks after it, nothing lost and nobody held up."""

from __future__ import annotations

import asyncio
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from gt_common.errors import (
    BrokerUnreachableError,
    CredentialsRefusedError,
    GossipToonError,
    LedgerUnreachableError,
    PublishFailedError,
)
from gt_common.lifecycle import StoryStatus, fold
from gt_common.messages import (
    AttemptError,
    Event,
    StoryFailed,
    StoryMessage,
    StoryStarted,
    StorySucceeded,
    UnknownEvent,
    encode,
)
from gt_consumer.aggregator.decoding import decode
from support.fakes.aggregator import DEADLINE_S, AggregatorHarness, FakeDelivery
from support.samples.events import BATCH, TIMED_OUT, at, story_event
from support.waiting import until


def message(*, errors: tuple[AttemptError, ...] = (), died: bool = False) -> StoryMessage:
    """Make a story message, or the dead letter of one."""
    return StoryMessage(
        batch_id=BATCH,
        story_id="story-1",
        position=1,
        url="https://redd.it/1",
        canonical_url="https://redd.it/1",
        attempt=3,
        errors=errors,
        died_at=at(9) if died else None,
    )


def last_error(ended: float = 9) -> AttemptError:
    """Make the error of the last attempt."""
    return AttemptError(failure=TIMED_OUT, generation=1, attempt=3, worker="w", ended_at=at(ended))


async def test_what_is_there_is_committed_once_and_acked_after() -> None:
    harness = AggregatorHarness()
    events = [story_event(StoryStarted, number) for number in range(1, 6)]
    for event in events:
        harness.arrive(event)
    await harness.run_until_idle()
    assert harness.groups == [events]
    assert harness.journal == ["commit", "ack 5"]
    assert (harness.aggregator.tally.taken, harness.aggregator.tally.new) == (5, 5)


async def test_a_group_has_a_limit() -> None:
    harness = AggregatorHarness(group=2)
    for number in range(1, 6):
        harness.arrive(story_event(StoryStarted, number))
    await harness.run_until_idle()
    assert [len(group) for group in harness.groups] == [2, 2, 1]
    assert harness.journal == ["commit", "ack 2", "commit", "ack 2", "commit", "ack"]


async def test_what_cannot_be_read_is_put_aside_before_it_is_acked() -> None:
    harness = AggregatorHarness()
    harness.arrive(b"{}")
    harness.arrive(story_event(StoryStarted))
    await harness.run_until_idle()
    assert harness.journal == ["commit", "aside", "ack", "ack"]
    ((body, reason, key, headers),) = harness.publisher.aside
    assert (body, key, headers) == (b"{}", "result", {"gt-attempt": 1})
    assert reason.startswith("malformed event")
    assert harness.aggregator.tally.malformed == 1


async def test_an_event_of_a_newer_version_is_stored_counted_and_said_once_for_its_type() -> None:
    harness = AggregatorHarness()
    bodies = [b'{"type":"story.paused","v":2,"number":%d}' % number for number in range(3)]
    for body in bodies:
        harness.arrive(body)
    harness.arrive(story_event(StoryStarted))
    with capture_logs() as logs:
        await harness.run_until_idle()
    assert [encode(event) for event in harness.groups[0][:3]] == bodies
    assert harness.journal == ["commit", "ack 4"]
    assert harness.publisher.aside == []
    assert harness.aggregator.tally.unknown == {"story.paused": 3}
    assert [(line["event"], line["type"], line["v"]) for line in logs] == [
        ("unknown_event_stored", "story.paused", 2)
    ]


async def test_what_could_not_be_put_aside_is_not_acked_and_what_came_before_it_is() -> None:
    harness = AggregatorHarness()
    harness.publisher.refuses = True
    before = harness.arrive(story_event(StoryStarted))
    unreadable = harness.arrive(b"{}")
    after = harness.arrive(story_event(StoryStarted, 2))
    with pytest.raises(PublishFailedError):
        await harness.run_until_idle()
    assert [one.acked for one in (before, unreadable, after)] == [True, False, False]


@pytest.mark.parametrize("trouble", [LedgerUnreachableError, CredentialsRefusedError])
async def test_an_outage_of_the_ledger_is_waited_out_and_said_once(trouble: type[GossipToonError]) -> None:
    harness = AggregatorHarness()
    arrival = harness.arrive(story_event(StoryStarted))
    harness.troubles = [trouble("down"), trouble("down"), trouble("down")]
    acked: list[bool] = []
    harness.on_trouble = lambda: acked.append(arrival.acked)
    with capture_logs() as logs:
        await harness.run_until_idle()
    assert acked == [False, False, False]
    assert harness.journal == ["commit", "ack"]
    assert [line["event"] for line in logs] == ["ledger_lost", "ledger_recovered"]


async def test_an_outage_of_the_ledger_holds_one_group_however_often_the_broker_comes_back() -> None:
    harness = AggregatorHarness(group=10)
    events = [story_event(StoryStarted, number) for number in range(1, 11)]
    down, tried = threading.Event(), threading.Event()
    down.set()

    def refuse_while_down(_event: Event | UnknownEvent) -> bool:
        tried.set()
        if down.is_set():
            raise LedgerUnreachableError("down")
        return False

    harness.refuses = refuse_while_down
    work = asyncio.create_task(harness.run_until_idle())
    connections: list[list[FakeDelivery]] = []
    for _ in range(20):
        connections.append([harness.arrive(event) for event in events])
        await until(tried.is_set)
        assert harness.aggregator.waiting <= 10
        for arrival in connections[-1]:
            arrival.lost = True
    last = [harness.arrive(event) for event in events]
    assert harness.aggregator.waiting == 10
    down.clear()
    await work
    assert all(arrival.acked for arrival in last)
    assert not any(arrival.acked for connection in connections[1:] for arrival in connection)
    assert harness.groups == [events, events], "what was at hand in the outage, and what came last"


async def test_what_lost_its_channel_while_it_waited_is_left_to_the_broker() -> None:
    harness = AggregatorHarness()
    lost, kept = (harness.arrive(story_event(StoryStarted, number)) for number in (1, 2))
    lost.lost = True
    await harness.run_until_idle()
    assert (lost.acked, kept.acked) == (False, True)
    assert [len(group) for group in harness.groups] == [1]


async def test_stopping_in_an_outage_leaves_the_group_to_the_broker() -> None:
    harness = AggregatorHarness()
    arrival = harness.arrive(story_event(StoryStarted))
    loop = asyncio.get_running_loop()
    harness.troubles = [LedgerUnreachableError("down")] * 1000

    def stop() -> None:
        loop.call_soon_threadsafe(harness.aggregator.stop)

    harness.on_trouble = stop
    async with asyncio.timeout(DEADLINE_S):
        await harness.aggregator.run()
    assert not arrival.acked
    assert harness.groups == []


async def test_stopping_finishes_the_group_at_hand_and_takes_no_other() -> None:
    harness = AggregatorHarness(group=2)
    first = [harness.arrive(story_event(StoryStarted, number)) for number in (1, 2)]
    loop, stopped = asyncio.get_running_loop(), threading.Event()

    def stop() -> None:
        harness.aggregator.stop()
        stopped.set()

    def stop_at_commit(_event: Event | UnknownEvent) -> bool:
        loop.call_soon_threadsafe(stop)
        assert stopped.wait(DEADLINE_S)
        return False

    harness.refuses = stop_at_commit
    rest = [harness.arrive(story_event(StoryStarted, number)) for number in (3, 4)]
    async with asyncio.timeout(DEADLINE_S):
        await harness.aggregator.run()
    assert [arrival.acked for arrival in first] == [True, True]
    assert [arrival.acked for arrival in rest] == [False, False]


async def test_stopping_wakes_an_aggregator_that_waits() -> None:
    harness = AggregatorHarness()
    work = asyncio.create_task(harness.aggregator.run())
    harness.aggregator.stop()
    async with asyncio.timeout(DEADLINE_S):
        await work
    assert harness.journal == []


async def test_one_event_that_cannot_be_stored_does_not_keep_the_others_out() -> None:
    harness = AggregatorHarness()
    harness.refuses = lambda event: isinstance(event, StoryStarted) and event.position == 2
    for number in (1, 2, 3):
        harness.arrive(story_event(StoryStarted, number))
    await harness.run_until_idle()
    stored = [
        event.position for group in harness.groups for event in group if isinstance(event, StoryStarted)
    ]
    assert stored == [1, 3]
    assert [reason for _, reason, _, _ in harness.publisher.aside] == [
        "the ledger cannot store an event: NUL"
    ]
    assert harness.journal.count("ack") == 3


async def test_idle_asks_the_queue_and_goes_on_while_messages_wait() -> None:
    harness = AggregatorHarness()
    answers: list[int | None] = [3, None, 0]

    async def depth() -> int:
        answer = answers.pop(0)
        if answer == 3:
            harness.arrive(story_event(StoryStarted))
        if answer is None:
            raise BrokerUnreachableError
        return answer

    async with asyncio.timeout(DEADLINE_S):
        await harness.aggregator.run(depth=depth, idle_s=0.01)
    assert answers == []
    assert harness.journal == ["commit", "ack"]


async def test_a_dead_letter_of_a_worker_is_a_failed_story() -> None:
    harness = AggregatorHarness()
    harness.arrive(message(errors=(last_error(),), died=True))
    await harness.run_until_idle()
    ((failed,),) = harness.groups
    assert isinstance(failed, StoryFailed)
    assert (failed.story_id, failed.attempt, failed.failure) == ("story-1", 3, TIMED_OUT)
    assert failed.letter is not None
    assert harness.publisher.news == [failed]


async def test_those_who_watch_hear_every_event_that_the_ledger_has_and_no_other() -> None:
    harness = AggregatorHarness(group=2)
    started, refused, made = (story_event(kind, 1) for kind in (StoryStarted, StoryFailed, StorySucceeded))
    newer = b'{"type":"story.dubbed","v":1,"batch_id":"batch-1"}'
    harness.refuses = lambda event: event == refused
    for sent in (started, refused, made, newer):
        harness.arrive(sent)
    await harness.run_until_idle()
    *known, unknown = harness.publisher.news
    assert known == [started, made]
    assert isinstance(unknown, UnknownEvent)
    assert unknown.body.encode() == newer
    assert harness.publisher.commits_before == [1, 2, 2]


async def test_what_the_broker_gave_up_on_is_a_failed_story_and_told_to_those_who_watch() -> None:
    harness = AggregatorHarness()
    harness.arrive(message(), died_of="delivery_limit")
    await harness.run_until_idle()
    ((failed,),) = harness.groups
    assert isinstance(failed, StoryFailed)
    assert "delivery_limit" in failed.failure.message
    assert harness.publisher.news == [failed]
    assert harness.journal == ["commit", "ack"]


def test_the_same_letter_gives_the_same_event_id() -> None:
    bodies = [encode(message()), encode(message(errors=(last_error(),), died=True))]
    for body in bodies:
        first, second = (
            decode(FakeDelivery(body, [], "delivery_limit", via="gt.dlx")).event for _ in range(2)
        )
        assert isinstance(first, StoryFailed)
        assert isinstance(second, StoryFailed)
        assert first.event_id == second.event_id


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"\xff", "malformed event"),
        (encode(message()), "malformed event"),
        (b"x" * 300_000, "300000 bytes"),
        (encode(story_event(StorySucceeded)).replace(b'"v":1', b'"v":2'), "malformed event"),
    ],
)
def test_whatever_else_comes_is_a_problem_and_never_an_error(body: bytes, says: str) -> None:
    decoded = decode(FakeDelivery(body, [], headers={"gt-reason": "forged", "x-death": [{"reason": "x"}]}))
    assert decoded.event is None
    assert says in decoded.problem


@pytest.mark.parametrize("body", [b"\xff", b"[]", b"x" * 300_000, encode(story_event(StorySucceeded))])
async def test_what_lies_in_the_dead_letter_queue_is_not_put_aside_again(body: bytes) -> None:
    harness = AggregatorHarness()
    harness.aggregator.receive(FakeDelivery(body, harness.journal, via="gt.dlx"))
    await harness.run_until_idle()
    assert harness.journal == ["ack"]
    assert harness.groups == []


NAMED = {"gt-batch-id": BATCH, "gt-story-id": "story-1", "gt-generation": 2, "gt-reason": "malformed: v"}


async def test_unreadable_story_whose_name_is_known_has_failed() -> None:
    harness = AggregatorHarness()
    for _ in range(2):
        harness.aggregator.receive(FakeDelivery(b"{", harness.journal, via="gt.dlx", headers=NAMED))
    await harness.run_until_idle()
    ((failed, again),) = harness.groups
    assert isinstance(failed, StoryFailed)
    assert isinstance(again, StoryFailed)
    assert failed.event_id == again.event_id
    assert (failed.story_id, failed.generation, failed.letter) == ("story-1", 2, None)
    assert (failed.failure.type, failed.failure.message) == ("MalformedMessage", "malformed: v")
    assert harness.publisher.news == [failed, again]
    listed = fold(BATCH, [failed, story_event(StoryStarted, generation=2)]).stories["story-1"]
    assert (listed.position, listed.status) == (1, StoryStatus.FAILED)


@pytest.mark.parametrize(
    "change",
    [
        {"gt-batch-id": "../../etc"},
        {"gt-story-id": "x" * 65},
        {"gt-story-id": b"s"},
        {"gt-generation": 0},
        {"gt-generation": 10**9},
        {"gt-generation": True},
        {"gt-generation": "2"},
        {"gt-generation": None},
        {"gt-attempt": -1},
    ],
)
def test_names_that_no_story_has_name_none(change: dict[str, object]) -> None:
    decoded = decode(FakeDelivery(b"{", [], via="gt.dlx", headers=NAMED | change))
    assert (decoded.event, decoded.problem) == (None, "")


def test_readable_story_that_was_put_aside_can_be_replayed() -> None:
    decoded = decode(
        FakeDelivery(encode(message()), [], via="gt.dlx", headers={"gt-reason": "its\0content type"})
    )
    assert isinstance(decoded.event, StoryFailed)
    assert decoded.event.letter is not None
    assert decoded.event.letter.errors[-1].failure == decoded.event.failure
    assert decoded.event.failure.message == "its content type"


@pytest.mark.parametrize("errors", ["none", "before time began"])
def test_letter_that_is_wrong_as_a_whole_has_failed_all_the_same(errors: str) -> None:
    error = last_error().model_copy(update={"started_at": at(0).replace(year=1)})
    letter = message(errors=() if errors == "none" else (error,), died=True)
    decoded = decode(FakeDelivery(encode(letter), [], via="gt.dlx"))
    assert isinstance(decoded.event, StoryFailed)
    assert "impossible times" in decoded.event.failure.message


@given(st.binary(max_size=200), st.dictionaries(st.sampled_from(list(NAMED)), st.text() | st.integers()))
def test_no_body_and_no_headers_break_it(body: bytes, headers: dict[str, object]) -> None:
    for via in ("gt.dlx", "gt.results"):
        decoded = decode(FakeDelivery(body, [], via=via, headers=NAMED | headers))
        assert bool(decoded.problem) == (via == "gt.results" and decoded.event is None)
