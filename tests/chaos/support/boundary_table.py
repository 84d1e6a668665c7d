"""The boundaries at which a process may die, and what may follow: the rows of the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chaos.support.stories import FOREVER, RUN_COST, ChaosStory
from gt_common.lifecycle import StoryStatus

_CONFIRM = "aiormq.channel:Channel._on_confirm_frame:before"
"""The first confirm of a worker is that of its mark in the stream of orders."""
_PUBLISHER = "gt_common.messaging.publisher:Publisher"
_ACK = "gt_common.messaging.delivery:Delivery.ack"
_JOURNAL = "gt_producer.produce.journal:Journal"
_APPLY = "gt_common.ledger.ledger:Ledger.apply"

PRODUCE, CONSUME, AGGREGATE = "gt-produce", "gt-consume", "gt-aggregate"
REPLAY, DISCARD, RESTORE = "gt-dlq replay", "gt-dlq discard", "gt-dlq restore"
CANCEL = "gt-control cancel"
PAUSE, RESUME = "gt-control pause", "gt-control resume"


def _confirmed(exchange: str) -> str:
    """Return the point at which a confirm of a publish to an exchange has arrived."""
    return f"confirm:{exchange}:before"


@dataclass(frozen=True)
class Boundary:
    """A point at which a process dies, and what may follow.

    Parameters:
        name: the two steps between which it is
        command: the one that dies there
        point: in the form of `chaos.support.crashing`
        do, times: what the batch's stories do; there are `stories` of them, each takes `seconds`
        runs: the most runs of all stories together; without a fault there are as many or fewer
        letters: the most dead letters in the queue at the end
        stopped: whether the command is told to stop while it runs a story
        junk: number of messages in the queue that are not stories; each is put aside once, or twice at most
        ends: how each story must end, if not only its orchestrator decides that
        moved: whether its dead letter was moved to the story queue by hand before the command runs
        paused: whether its batch is paused before the command runs, and resumed after its death or before it
        limited: whether its batch has cost what it may cost after the first of its stories
        cancelled: whether its batch is cancelled `before` the command runs or while it is `running` a story
    """

    name: str
    command: str
    point: str
    do: str = "ok"
    times: int = 0
    runs: int = 1
    letters: int = 0
    stories: int = 1
    seconds: float = 0.3
    stopped: bool = False
    junk: int = 0
    ends: StoryStatus | None = None
    moved: bool = False
    cancelled: Literal["", "before", "running"] = ""
    paused: Literal["", "parking", "returning"] = ""
    limited: bool = False

    def draw(self) -> list[ChaosStory]:
        """Return the stories."""
        return [
            ChaosStory(
                "b1",
                n,
                f"https://www.reddit.com/comments/{n:x}a/",
                self.do,
                self.times,
                self.seconds,
                self.ends,
                RUN_COST if self.limited else 0,
            )
            for n in range(1, self.stories + 1)
        ]


def _producer(name: str, point: str) -> Boundary:
    return Boundary(name, PRODUCE, point, stories=3, runs=6)


def _stopped(name: str, point: str) -> Boundary:
    return Boundary(name, CONSUME, point, runs=2, seconds=2.5, stopped=True)


def _junk(name: str, point: str) -> Boundary:
    return Boundary(name, CONSUME, point, junk=1)


def _moved(name: str, point: str) -> Boundary:
    return Boundary(name, CONSUME, point, "permanent", 1, runs=3, moved=True)


def _replayed(name: str, point: str, runs: int = 3) -> Boundary:
    return Boundary(name, REPLAY, point, *_REPLAYED, runs=runs)


def _discarded(name: str, point: str) -> Boundary:
    return Boundary(name, DISCARD, point, "permanent", FOREVER, ends=StoryStatus.CANCELLED)


def _restored(name: str, point: str) -> Boundary:
    return Boundary(name, RESTORE, point, *_REPLAYED, runs=2)


def _cancels(name: str, point: str) -> Boundary:
    return Boundary(name, CANCEL, point, stories=3, runs=0, ends=StoryStatus.CANCELLED)


def _pauses(name: str, point: str, command: str = PAUSE) -> Boundary:
    return Boundary(name, command, point)


def _parked(name: str, point: str) -> Boundary:
    return Boundary(name, CONSUME, point, paused="parking")


def _returned(name: str, point: str) -> Boundary:
    return Boundary(name, CONSUME, point, paused="returning")


def _limited(name: str, point: str) -> Boundary:
    return Boundary(name, AGGREGATE, point, stories=2, runs=2, limited=True)


def _dropped(name: str, point: str) -> Boundary:
    return Boundary(name, CONSUME, point, runs=0, ends=StoryStatus.CANCELLED, cancelled="before")


def _cancelled(name: str, point: str) -> Boundary:
    return Boundary(
        name, CONSUME, point, runs=1, seconds=20.0, ends=StoryStatus.CANCELLED, cancelled="running"
    )


_ONCE = ("flaky", 1)
_DEAD = ("permanent", FOREVER)
_REPLAYED = ("permanent", 1)

PARKED = f"{_ACK}:after:1"
"""Where a worker has parked a story."""
MADE = f"{_PUBLISHER}.event:after:1:StorySucceeded"
"""Where a worker has made a video."""
OBEYED = f"{_PUBLISHER}.park:after:2"
"""Where a worker has put a story into the queue of its paused batch: one that knows of no pause runs it."""

BOUNDARIES: tuple[Boundary, ...] = (
    _producer("journal's list and `batch.opened`", f"{_PUBLISHER}.event:before:1:BatchOpened"),
    _producer("`batch.opened` and its list", f"{_PUBLISHER}.event:after:1:BatchOpened"),
    _producer("the list's confirm and its journal line", f"{_JOURNAL}.announce:before:1"),
    _producer("the list's journal line and the first story", f"{_JOURNAL}.announce:after:1"),
    _producer("a story's publish and its confirm", f"{_CONFIRM}:3"),
    _producer("a story's confirm and its journal line", f"{_JOURNAL}.confirm:before:1"),
    _producer("a story's journal line and the next confirm", f"{_JOURNAL}.confirm:after:1"),
    _producer("the last journal line and `batch.sealed`", f"{_PUBLISHER}.event:before:1:BatchSealed"),
    _producer("`batch.sealed` and the journal's seal", f"{_JOURNAL}.seal:before:1"),
    Boundary("delivery and run", CONSUME, "gt_consumer.runner.runner:Runner.run:before:1"),
    Boundary("run's end and video", CONSUME, "gt_consumer.runner.conclude:store_finished:before:1", runs=2),
    Boundary(
        "video and result file", CONSUME, "gt_consumer.storage.finished_videos:_write_record:before:1", runs=2
    ),
    Boundary("result file and event", CONSUME, f"{_PUBLISHER}.event:before:1:StorySucceeded"),
    # After those of the start and of the stage, for which the run lasts long enough.
    Boundary("success event's publish and its confirm", CONSUME, f"{_confirmed('results')}:3", seconds=2.0),
    Boundary("success event's confirm and ack", CONSUME, f"{_ACK}:before:1"),
    Boundary("ack sent and ack received", CONSUME, f"{_ACK}:after:1"),
    Boundary(
        "run's end and `story.retrying`",
        CONSUME,
        f"{_PUBLISHER}.event:before:1:StoryRetrying",
        *_ONCE,
        runs=2,
    ),
    Boundary(
        "`story.retrying` and the retry's publish",
        CONSUME,
        f"{_PUBLISHER}.retry:before:1",
        *_ONCE,
        runs=2,
    ),
    Boundary("the retry's publish and its confirm", CONSUME, f"{_confirmed('retry')}:1", *_ONCE, runs=3),
    Boundary("the retry's confirm and ack", CONSUME, f"{_PUBLISHER}.retry:after:1", *_ONCE, runs=3),
    Boundary(
        "run's end and the dead letter's publish",
        CONSUME,
        f"{_PUBLISHER}.dead_letter:before:1",
        *_DEAD,
        runs=2,
        letters=1,
    ),
    Boundary(
        "the dead letter's publish and its confirm",
        CONSUME,
        f"{_confirmed('dlx')}:1",
        *_DEAD,
        runs=2,
        letters=2,
    ),
    Boundary(
        "the dead letter's confirm and that of its record for the ledger",
        CONSUME,
        f"{_confirmed('dlx')}:2",
        *_DEAD,
        runs=2,
        letters=2,
    ),
    Boundary(
        "the dead letter's confirm and ack",
        CONSUME,
        f"{_PUBLISHER}.dead_letter:after:1",
        *_DEAD,
        runs=2,
        letters=2,
    ),
    Boundary(
        "`story.released` and the waiting story's publish",
        CONSUME,
        f"{_PUBLISHER}.retry:before:1",
        "limited",
        1,
        runs=2,
    ),
    Boundary(
        "the waiting story's publish and ack",
        CONSUME,
        f"{_PUBLISHER}.retry:after:1",
        "limited",
        1,
        runs=3,
    ),
    _stopped("the story's stop and `story.released`", f"{_PUBLISHER}.event:before:1:StoryReleased"),
    _stopped("`story.released` and the give-back's publish", f"{_PUBLISHER}.story:before:1"),
    _stopped("the give-back's publish and its confirm", f"{_confirmed('stories')}:1"),
    _stopped("the give-back's confirm and ack", f"{_PUBLISHER}.story:after:1"),
    _junk("a malformed message and its dead letter", f"{_PUBLISHER}.malformed:before:1"),
    _junk("a malformed message's dead letter and ack", f"{_PUBLISHER}.malformed:after:1"),
    _moved("a letter moved by hand and its replay's publish", f"{_PUBLISHER}.story:before:1"),
    _moved("a moved letter's replay and its confirm", f"{_confirmed('stories')}:1"),
    _moved("a moved letter's replay and `story.requeued`", f"{_PUBLISHER}.story:after:1"),
    _moved("a moved letter's `story.requeued` and ack", f"{_PUBLISHER}.event:after:1:StoryRequeued"),
    _moved("a moved letter's ack sent and received", f"{_ACK}:after:1"),
    Boundary("delivery and transaction", AGGREGATE, f"{_APPLY}:before:1", stories=3, runs=3),
    Boundary(
        "rows written and commit", AGGREGATE, "gt_common.ledger.writing:take:after:1", stories=3, runs=3
    ),
    Boundary("commit and first ack", AGGREGATE, f"{_APPLY}:after:1", stories=3, runs=3),
    Boundary("first ack and second ack", AGGREGATE, f"{_ACK}:after:1", stories=3, runs=3),
    _replayed("a letter's look and its replay's publish", f"{_PUBLISHER}.story:before:1", runs=2),
    _replayed("replay's publish and its confirm", f"{_confirmed('stories')}:1"),
    _replayed("replay's confirm and `story.requeued`", f"{_PUBLISHER}.story:after:1"),
    _replayed("`story.requeued` and the letter's removal", f"{_PUBLISHER}.event:after:1:StoryRequeued"),
    _replayed("the letter's removal sent and received", f"{_ACK}:after:1"),
    _discarded("a letter's look and `story.cancelled`", f"{_PUBLISHER}.event:before:1:StoryCancelled"),
    _discarded("`story.cancelled`'s publish and its confirm", f"{_confirmed('results')}:1"),
    _discarded("`story.cancelled` and the letter's removal", f"{_PUBLISHER}.event:after:1:StoryCancelled"),
    _discarded("the discarded letter's removal sent and received", f"{_ACK}:after:1"),
    _restored("a discarded letter's look and its publish", f"{_PUBLISHER}.dead_letter:before:1"),
    _restored("the restored letter's publish and its confirm", f"{_confirmed('dlx')}:1"),
    _restored("the restored letter's confirm and the command's end", f"{_PUBLISHER}.dead_letter:after:1"),
    _cancels("a cancel's notice and its confirm", f"{_CONFIRM}:1"),
    _cancels("the notice's confirm and the first `story.cancelled`", f"{_PUBLISHER}.control:after:1"),
    _cancels("the events' publish and their confirm", f"{_CONFIRM}:2"),
    _cancels(
        "the events' confirm and the command's end", "gt_consumer.control.cancel:Cancel._read_left:before:1"
    ),
    _dropped(
        "the stream's orders and the first story",
        "gt_common.messaging.streams:StreamReader.receive:after:1",
    ),
    _dropped(
        "a cancelled story's delivery and its `story.cancelled`",
        f"{_PUBLISHER}.event:before:1:StoryCancelled",
    ),
    _dropped("the dropped story's event and its confirm", f"{_CONFIRM}:2"),
    _dropped("the dropped story's event and ack", f"{_PUBLISHER}.event:after:1:StoryCancelled"),
    _dropped("the dropped story's ack sent and received", f"{_ACK}:after:1"),
    _cancelled("an order and the stop of what runs", "gt_consumer.runner.runner:Runner.stop_story:before:1"),
    _cancelled(
        "a stopped story's end and its `story.cancelled`", f"{_PUBLISHER}.event:before:1:StoryCancelled"
    ),
    _cancelled("a stopped story's `story.cancelled` and ack", f"{_PUBLISHER}.event:after:1:StoryCancelled"),
    _pauses("a pause's order and its event", f"{_PUBLISHER}.control:after:1"),
    _pauses("a pause's event and the command's end", f"{_PUBLISHER}.event:after:1:BatchPaused"),
    _pauses("a resumption's event and its order", f"{_PUBLISHER}.event:after:1:BatchResumed", RESUME),
    _parked("a paused story's delivery and its parking", f"{_PUBLISHER}.park:before:1"),
    _parked("a queue's making and the parking in it", f"{_PUBLISHER}.park:before:2"),
    _parked("a parked story's confirm and ack", f"{_PUBLISHER}.park:after:2"),
    _parked("a parked story's ack sent and received", f"{_ACK}:after:1"),
    _returned("a resumption and the parked story's return", f"{_PUBLISHER}.story:before:1"),
    _returned("the returned story's confirm and its removal", f"{_PUBLISHER}.story:after:1"),
    _returned("the returned story's removal sent and received", f"{_ACK}:after:1"),
    _limited("a limit and the order to pause", f"{_PUBLISHER}.control:before:1"),
    _limited("the order's publish and its confirm", "confirm:control:before:1"),
    _limited("the order's confirm and the pause's message to people", f"{_PUBLISHER}.control:after:1"),
    _limited("the pause's message and the pause", "gt_common.ledger.ledger:Ledger.enqueue:after:1"),
    _limited("the pause and the word to those who watch", f"{_PUBLISHER}.progress:before:1:BatchPaused"),
)
