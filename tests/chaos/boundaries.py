"""The boundaries at which a process may die, one by one, and what each must lead to."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from dataclasses import dataclass

from chaos.accounts import Accounts, count_letters, read_runs, settle_accounts
from chaos.parts import Part, ours, patched
from chaos.stories import FOREVER, ChaosStory, write_list
from chaos.world import World

_CONFIRM = "aiormq.channel:Channel._on_confirm_frame:before"
_PUBLISHER = "gt_common.messaging.publisher:Publisher"
_ACK = "gt_common.messaging.consumer:Delivery.ack"
_JOURNAL = "gt_producer.journal:Journal"
_APPLY = "gt_common.ledger.ledger:Ledger.apply"
_DEADLINE_S = 60.0


@dataclass(frozen=True)
class Boundary:
    """A place to die, and what may come of it.

    Parameters:
        name: between what and what
        command: the one that dies there
        point: as chaos.crashing takes it
        do, times: what the batch's stories do; there are `stories` of them
        runs: how often they are run in all, at most; without a fault it would be less or the same
        letters: how many dead letters lie in the queue at the end, at most
    """

    name: str
    command: str
    point: str
    do: str = "ok"
    times: int = 0
    runs: int = 1
    letters: int = 0
    stories: int = 1

    def draw(self) -> list[ChaosStory]:
        """Give the stories."""
        return [
            ChaosStory("b1", n, f"https://www.reddit.com/comments/{n:x}a/", self.do, self.times, 0.3)
            for n in range(1, self.stories + 1)
        ]


def _producer(name: str, point: str) -> Boundary:
    return Boundary(name, "gt-produce", point, stories=3, runs=6)


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
    Boundary("delivery and run", "gt-consume", "gt_consumer.runner:Runner.run:before:1"),
    Boundary("run's end and video", "gt-consume", "gt_consumer.endings:store_finished:before:1", runs=2),
    Boundary(
        "video and result file", "gt-consume", "gt_consumer.finished:_write_atomically:before:1", runs=2
    ),
    Boundary("result file and event", "gt-consume", f"{_PUBLISHER}.event:before:1:StorySucceeded"),
    Boundary("success event's publish and its confirm", "gt-consume", f"{_CONFIRM}:3"),
    Boundary("success event's confirm and ack", "gt-consume", f"{_ACK}:before:1"),
    Boundary("ack sent and ack received", "gt-consume", f"{_ACK}:after:1"),
    Boundary(
        "run's end and `story.retrying`",
        "gt-consume",
        f"{_PUBLISHER}.event:before:1:StoryRetrying",
        *_ONCE,
        runs=2,
    ),
    Boundary(
        "`story.retrying` and the retry's publish",
        "gt-consume",
        f"{_PUBLISHER}.retry:before:1",
        *_ONCE,
        runs=2,
    ),
    Boundary("the retry's publish and its confirm", "gt-consume", f"{_CONFIRM}:4", *_ONCE, runs=3),
    Boundary("the retry's confirm and ack", "gt-consume", f"{_PUBLISHER}.retry:after:1", *_ONCE, runs=3),
    Boundary(
        "run's end and the dead letter's publish",
        "gt-consume",
        f"{_PUBLISHER}.dead_letter:before:1",
        *_DEAD,
        runs=2,
        letters=1,
    ),
    Boundary(
        "the dead letter's publish and its confirm", "gt-consume", f"{_CONFIRM}:3", *_DEAD, runs=2, letters=2
    ),
    Boundary(
        "the dead letter's confirm and ack",
        "gt-consume",
        f"{_PUBLISHER}.dead_letter:after:1",
        *_DEAD,
        runs=2,
        letters=2,
    ),
    Boundary(
        "`story.released` and the waiting story's publish",
        "gt-consume",
        f"{_PUBLISHER}.retry:before:1",
        "limited",
        1,
        runs=2,
    ),
    Boundary(
        "the waiting story's publish and ack",
        "gt-consume",
        f"{_PUBLISHER}.retry:after:1",
        "limited",
        1,
        runs=3,
    ),
    Boundary("delivery and transaction", "gt-aggregate", f"{_APPLY}:before:1", stories=3, runs=3),
    Boundary(
        "rows written and commit", "gt-aggregate", "gt_common.ledger.writing:take:after:1", stories=3, runs=3
    ),
    Boundary("commit and first ack", "gt-aggregate", f"{_APPLY}:after:1", stories=3, runs=3),
    Boundary("first ack and second ack", "gt-aggregate", f"{_ACK}:after:1", stories=3, runs=3),
    Boundary(
        "a letter's look and its replay's publish", "gt-dlq", f"{_PUBLISHER}.story:before:1", *_REPLAYED
    ),
    Boundary("replay's publish and its confirm", "gt-dlq", f"{_CONFIRM}:1", *_REPLAYED),
    Boundary("replay's confirm and `story.requeued`", "gt-dlq", f"{_PUBLISHER}.story:after:1", *_REPLAYED),
    Boundary(
        "`story.requeued` and the letter's removal",
        "gt-dlq",
        f"{_PUBLISHER}.event:after:1:StoryRequeued",
        *_REPLAYED,
    ),
    Boundary("the letter's removal sent and received", "gt-dlq", f"{_ACK}:after:1", *_REPLAYED),
)


@dataclass(frozen=True)
class Result:
    """What became of a boundary."""

    boundary: Boundary
    ledger: str
    died: bool
    accounts: Accounts
    runs: int
    letters: int

    @property
    def problems(self) -> list[str]:
        """Everything that must not be."""
        found = list(self.accounts.problems)
        if not self.died:
            found.append("the process did not die at its boundary")
        if self.runs > self.most_runs:
            found.append(f"{self.runs} runs, at most {self.most_runs}")
        if self.letters > self.boundary.letters:
            found.append(f"{self.letters} dead letters, at most {self.boundary.letters}")
        return found

    @property
    def most_runs(self) -> int:
        """How many runs are all right; a replayed story was run once before."""
        return self.boundary.runs + (2 if self.boundary.command == "gt-dlq" else 0)

    def row(self) -> str:
        """Give its row of the Markdown table."""
        outcome = "as predicted" if not self.problems else "; ".join(self.problems)
        cells = (self.boundary.command, self.boundary.name, self.ledger, outcome, self.runs, self.letters)
        return f"| {' | '.join(str(cell) for cell in cells)} |"


TABLE_HEAD = (
    "| dies | between | ledger | outcome after a restart | runs | dead letters |\n|---|---|---|---|---|---|"
)


async def cross(world: World, boundary: Boundary) -> Result:
    """Have a process die at its boundary, start everything again, count."""
    stories = boundary.draw()
    path = write_list(stories, world.folder, world.runs)
    fleet = Fleet(world, ("-f", str(path), "--batch-id", "b1"))
    died = await fleet.run_through(boundary)
    accounts = await settle_accounts(world, stories, [])
    # What a fault explains in a random run is here bounded by the boundary's own numbers.
    accounts.runs_unexplained.clear()
    accounts.letters_unexplained.clear()
    accounts.surprises += fleet.surprises
    runs = sum(len(read_runs(world, story)) for story in stories)
    letters = (await count_letters(world, Accounts())).total()
    return Result(boundary, world.settings.ledger.partition(":")[0], died, accounts, runs, letters)


class Fleet:
    """The commands of a batch's way, one after the other; one of them dies at its boundary first."""

    def __init__(self, world: World, batch: Sequence[str]) -> None:
        self._world = world
        self._batch = batch
        self.surprises: list[str] = []

    async def run_through(self, boundary: Boundary) -> bool:
        """Go the whole way; tell whether the process that was to die did."""
        died = False
        for name in ("gt-produce", "gt-consume", "gt-aggregate"):
            arguments = self._arguments(name)
            if name == boundary.command:
                died = await self._dies(boundary, *arguments)
            await self._works(name, *arguments)
        if boundary.command != "gt-dlq":
            return died
        died = await self._dies(boundary, *self._arguments("gt-dlq"))
        # What was sent and is in the ledger is a stale copy for the replay that follows.
        await self._works("gt-aggregate", *self._arguments("gt-aggregate"))
        await self._works("gt-dlq", *self._arguments("gt-dlq"))
        await self._works("gt-consume", *self._arguments("gt-consume"))
        await self._works("gt-aggregate", *self._arguments("gt-aggregate"))
        return died

    def _arguments(self, name: str) -> Sequence[str]:
        return {
            "gt-produce": self._batch,
            "gt-consume": ("--orchestrator", "chaos.orchestrator:Cheap", "--until-empty"),
            "gt-aggregate": ("--until-idle",),
            "gt-dlq": ("replay", "--yes", "--reason", "mended"),
        }[name]

    async def _dies(self, boundary: Boundary, *arguments: str) -> bool:
        code = await self._run(patched(["--at", boundary.point], boundary.command, *arguments))
        return code == -signal.SIGKILL

    async def _works(self, name: str, *arguments: str) -> None:
        code = await self._run(ours(name, *arguments))
        if code not in {0, 1}:
            self.surprises.append(f"{name} ended with {code}")

    async def _run(self, command: Sequence[str]) -> int | None:
        part = Part(command[0], command, self._world.environment("last"), once=True)
        ended = asyncio.create_task(part.run_once())
        try:
            async with asyncio.timeout(_DEADLINE_S):
                await ended
        except TimeoutError:
            self.surprises.append(f"{' '.join(command)} did not end: {list(part.said)[-5:]}")
        self.surprises += part.surprises
        return part.process.returncode if part.process else None
