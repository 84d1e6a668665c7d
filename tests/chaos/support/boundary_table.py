"""The boundaries at which a process may die, and what may follow: the rows of the table."""

from __future__ import annotations

from dataclasses import dataclass

from chaos.support.stories import FOREVER, ChaosStory
from gt_common.lifecycle import StoryStatus

_CONFIRM = "aiormq.channel:Channel._on_confirm_frame:before"
_PUBLISHER = "gt_common.messaging.publisher:Publisher"
_ACK = "gt_common.messaging.delivery:Delivery.ack"
_JOURNAL = "gt_producer.produce.journal:Journal"
_APPLY = "gt_common.ledger.ledger:Ledger.apply"

PRODUCE, CONSUME, AGGREGATE = "gt-produce", "gt-consume", "gt-aggregate"
REPLAY, DISCARD, RESTORE = "gt-dlq replay", "gt-dlq discard", "gt-dlq restore"


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


_ONCE = ("flaky", 1)
_DEAD = ("permanent", FOREVER)
_REPLAYED = ("permanent", 1)

BOUNDARIES: tuple[Boundary, ...] = (
    _producer("journal's list and `batch.opened`", f"{_PUBLISHER}.event:before:1:BatchOpened"),
    _producer("`batch.opened` and its list", f"{_PUBLISHER}.event:after:1:BatchOpened"),
    _producer("a story's publish and its confirm", f"{_CONFIRM}:3"),
    _producer("a story's confirm and its journal line", f"{_JOURNAL}.confirm:before:2"),
    _producer("a story's journal line and the next confirm", f"{_JOURNAL}.confirm:after:2"),
    _producer("the last journal line and `batch.sealed`", f"{_PUBLISHER}.event:before:1:BatchSealed"),
    _producer("`batch.sealed` and the journal's seal", f"{_JOURNAL}.seal:before:1"),
    Boundary("delivery and run", CONSUME, "gt_consumer.runner.runner:Runner.run:before:1"),
    Boundary("run's end and video", CONSUME, "gt_consumer.runner.conclude:store_finished:before:1", runs=2),
    Boundary(
        "video and result file", CONSUME, "gt_consumer.storage.finished_videos:_write_record:before:1", runs=2
    ),
    Boundary("result file and event", CONSUME, f"{_PUBLISHER}.event:before:1:StorySucceeded"),
    Boundary("success event's publish and its confirm", CONSUME, f"{_CONFIRM}:3"),
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
    Boundary("the retry's publish and its confirm", CONSUME, f"{_CONFIRM}:4", *_ONCE, runs=3),
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
        "the dead letter's publish and its confirm", CONSUME, f"{_CONFIRM}:3", *_DEAD, runs=2, letters=2
    ),
    Boundary(
        "the dead letter's confirm and that of its record for the ledger",
        CONSUME,
        f"{_CONFIRM}:4",
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
    _stopped("the give-back's publish and its confirm", f"{_CONFIRM}:4"),
    _stopped("the give-back's confirm and ack", f"{_PUBLISHER}.story:after:1"),
    _junk("a malformed message and its dead letter", f"{_PUBLISHER}.malformed:before:1"),
    _junk("a malformed message's dead letter and ack", f"{_PUBLISHER}.malformed:after:1"),
    _moved("a letter moved by hand and its replay's publish", f"{_PUBLISHER}.story:before:1"),
    _moved("a moved letter's replay and its confirm", f"{_CONFIRM}:1"),
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
    _replayed("replay's publish and its confirm", f"{_CONFIRM}:1"),
    _replayed("replay's confirm and `story.requeued`", f"{_PUBLISHER}.story:after:1"),
    _replayed("`story.requeued` and the letter's removal", f"{_PUBLISHER}.event:after:1:StoryRequeued"),
    _replayed("the letter's removal sent and received", f"{_ACK}:after:1"),
    _discarded("a letter's look and `story.cancelled`", f"{_PUBLISHER}.event:before:1:StoryCancelled"),
    _discarded("`story.cancelled`'s publish and its confirm", f"{_CONFIRM}:1"),
    _discarded("`story.cancelled` and the letter's removal", f"{_PUBLISHER}.event:after:1:StoryCancelled"),
    _discarded("the discarded letter's removal sent and received", f"{_ACK}:after:1"),
    _restored("a discarded letter's look and its publish", f"{_PUBLISHER}.dead_letter:before:1"),
    _restored("the restored letter's publish and its confirm", f"{_CONFIRM}:1"),
    _restored("the restored letter's confirm and the command's end", f"{_PUBLISHER}.dead_letter:after:1"),
)
