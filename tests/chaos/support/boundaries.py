"""Lets a process die at a boundary, starts everything again and checks the accounts."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from dataclasses import dataclass

from chaos.support.accounts import Accounts, count_letters, settle_accounts
from chaos.support.boundary_table import (
    AGGREGATE,
    CANCEL,
    CONSUME,
    DISCARD,
    MADE,
    OBEYED,
    PARKED,
    PAUSE,
    PRODUCE,
    REPLAY,
    RESTORE,
    RESUME,
    Boundary,
)
from chaos.support.handling import read_runs
from chaos.support.junk import send_junk
from chaos.support.parts import Part, ours, patched
from chaos.support.stories import write_list
from chaos.support.world import World
from gt_common.ledger import read_ledger
from gt_common.messages import StoryCancelled
from gt_common.messaging.names import Names
from support.dead_letter_queue import move_by_hand
from support.waiting import until

_DEADLINE_S = 60.0

_MADE = (PRODUCE, CONSUME, AGGREGATE)
_AFTER: dict[str, tuple[str, ...]] = {
    # What was sent and is in the ledger is a stale copy for the command that follows.
    REPLAY: (AGGREGATE, REPLAY, CONSUME, AGGREGATE),
    DISCARD: (AGGREGATE, DISCARD, AGGREGATE),
    RESTORE: (AGGREGATE, RESTORE, AGGREGATE, REPLAY, CONSUME, AGGREGATE),
    CANCEL: (CANCEL, CONSUME, AGGREGATE),
    PAUSE: (PAUSE, RESUME, CONSUME, AGGREGATE),
    RESUME: (RESUME, CONSUME, AGGREGATE),
}
_BEFORE = {RESTORE: (*_MADE, DISCARD, AGGREGATE), CANCEL: (PRODUCE, AGGREGATE)}
_BEFORE |= {PAUSE: (PRODUCE, AGGREGATE), RESUME: (PRODUCE, AGGREGATE, PAUSE)}


@dataclass(frozen=True)
class Result:
    """The outcome of a death at a boundary."""

    boundary: Boundary
    ledger: str
    died: bool
    accounts: Accounts
    runs: int
    letters: int

    @property
    def problems(self) -> list[str]:
        """Everything that must not be."""
        boundary, found = self.boundary, list(self.accounts.problems)
        if not self.died:
            found.append("the process did not die at its boundary")
        if self.runs > boundary.runs:
            found.append(f"{self.runs} runs, at most {boundary.runs}")
        if self.letters > boundary.letters:
            found.append(f"{self.letters} dead letters, at most {boundary.letters}")
        if self.accounts.junk_copies > boundary.junk:
            found.append(f"put aside {self.accounts.junk_copies} times too often")
        return found

    def row(self) -> str:
        """Format its row of the Markdown table."""
        outcome = "as predicted" if not self.problems else "; ".join(self.problems)
        cells = (self.boundary.command, self.boundary.name, self.ledger, outcome, self.runs, self.letters)
        return f"| {' | '.join(str(cell) for cell in cells)} |"


TABLE_HEAD = (
    "| dies | between | ledger | outcome after a restart | runs | dead letters |\n|---|---|---|---|---|---|"
)


async def cross(world: World, boundary: Boundary, *, planted: str = "") -> Result:
    """Let a process die at its boundary, start everything again and check the accounts.

    Parameters:
        planted: name of a mistake in `planted`, made by the command that dies and by its second start
    """
    stories = boundary.draw()
    path = write_list(stories, world.folder, world.runs)
    fleet = Fleet(world, boundary, ("-f", str(path), "--batch-id", "b1"), planted)
    died = await fleet.run_through()
    if boundary.cancelled or boundary.command == CANCEL:
        fleet.expect_letters()
    accounts = await settle_accounts(world, stories, [])
    # What a fault explains in a random run is here bounded by the boundary's own numbers.
    accounts.runs_unexplained.clear()
    accounts.letters_unexplained.clear()
    accounts.surprises += fleet.surprises
    runs = sum(len(read_runs(world, story)) for story in stories)
    letters = (await count_letters(world)).total()
    return Result(boundary, world.settings.ledger.partition(":")[0], died, accounts, runs, letters)


class Fleet:
    """The commands that a batch passes, one after the other; one of them first dies at its boundary."""

    def __init__(self, world: World, boundary: Boundary, batch: Sequence[str], planted: str) -> None:
        self._world = world
        self._boundary = boundary
        self._batch = batch
        self._mistake = ["--planted", planted] if planted else []
        self.surprises: list[str] = []

    async def run_through(self) -> bool:
        """Run all commands. Return whether the process that was to die did."""
        command = self._boundary.command
        if command in _AFTER:
            for name in _BEFORE.get(command, _MADE):
                await self._works(name)
            died = await self._dies()
            for name in _AFTER[command]:
                await self._works(name)
            return died
        if self._boundary.cancelled or self._boundary.paused or self._boundary.limited:
            return await self._die_of_an_order()
        died = False
        if self._boundary.moved:
            for name in _MADE:
                await self._works(name)
            names = Names(self._world.settings.namespace)
            await move_by_hand(self._world.settings, names.dlq, names.stories)
        for name in (CONSUME, AGGREGATE) if self._boundary.moved else _MADE:
            if name == CONSUME:
                await send_junk(
                    self._world.settings, self._world.junk, stories=self._boundary.junk, results=0
                )
            if name == command:
                died = await self._dies()
            await self._works(name)
        return died

    async def _die_of_an_order(self) -> bool:
        """Run all commands, a worker of which obeys an order. Return whether the one that was to die did."""
        if self._boundary.limited:
            return await self._die_of_a_limit()
        if self._boundary.paused:
            return await self._die_of_a_paused_story()
        return await self._die_of_a_cancelled_story()

    async def _die_of_a_cancelled_story(self) -> bool:
        """Run all commands, the worker of which meets a cancelled story. Return whether that died."""
        before = [CANCEL] if self._boundary.cancelled == "before" else []
        for name in (PRODUCE, AGGREGATE, *before):
            await self._works(name)
        died = await self._dies()
        for name in (CONSUME, AGGREGATE):
            await self._works(name)
        return died

    async def _die_of_a_paused_story(self) -> bool:
        """Run all commands, a worker of which parks a story or brings it back. Return whether that died."""
        for name in (PRODUCE, AGGREGATE, PAUSE):
            await self._works(name)
        if self._boundary.paused == "returning":
            # A worker that parks a story of a paused batch does not end by itself.
            await self._dies(PARKED)
            await self._works(RESUME)
        died = await self._dies()
        after = [RESUME] if self._boundary.paused == "parking" else []
        for name in (*after, CONSUME, AGGREGATE):
            await self._works(name)
        return died

    async def _die_of_a_limit(self) -> bool:
        """Run all commands, of which the aggregator pauses the batch. Return whether that died."""
        await self._works(PRODUCE)
        await self._dies(MADE, CONSUME)
        died = await self._dies()
        await self._works(AGGREGATE)
        if not await self._dies(OBEYED, CONSUME):
            self.surprises.append("a worker parked no story of the batch that was stopped")
        for name in (RESUME, CONSUME, AGGREGATE):
            await self._works(name)
        with read_ledger(self._world.settings.ledger) as ledger:
            stops = len(ledger.events("b1", ["batch.paused"]))
        if stops != 1:
            self.surprises.append(f"the limit stopped the batch {stops} times")
        return died

    def expect_letters(self) -> None:
        """Check that the ledger has the letter of every cancelled story, so that it can be restored."""
        with read_ledger(self._world.settings.ledger) as ledger:
            events = [story.event for story in ledger.batch("b1").stories.values()]
        if not all(isinstance(event, StoryCancelled) and event.letter for event in events):
            self.surprises.append("the letter of a cancelled story did not come")

    def _command(self, name: str) -> Sequence[str]:
        """Return a command with its arguments."""
        return {
            PRODUCE: (name, *self._batch, *(("--max-cost", "0.1") if self._boundary.limited else ())),
            CONSUME: (name, "--orchestrator", "chaos.support.orchestrator:Cheap", "--until-empty"),
            AGGREGATE: (name, "--until-idle"),
            REPLAY: (*name.split(), "--yes", "--reason", "mended"),
            DISCARD: (*name.split(), "--yes", "--reason", "not wanted"),
            RESTORE: (*name.split(), "--yes", "--reason", "wanted"),
            CANCEL: (*name.split(), "b1", "--yes", "--reason", "not wanted"),
            PAUSE: (*name.split(), "b1", "--yes", "--reason", "too loud"),
            RESUME: (*name.split(), "b1", "--yes", *(("--max-cost", "9") if self._boundary.limited else ())),
        }[name]

    async def _dies(self, point: str = "", command_name: str = "") -> bool:
        """Run the boundary's command, or another one, up to the boundary's point, or another one."""
        boundary = self._boundary
        mistake = [] if command_name else self._mistake
        options = ["--at", point or boundary.point, *mistake]
        command = patched(options, *self._command(command_name or boundary.command))
        code = await self._run(command, stop=boundary.stopped, cancel=boundary.cancelled == "running")
        return code == -signal.SIGKILL

    async def _works(self, name: str) -> None:
        if name not in {CANCEL, PAUSE, RESUME}:
            await self._works_alone(name)
            return
        # It returns when an aggregator has taken its events.
        cancel = asyncio.create_task(self._works_alone(name))
        while not cancel.done():
            await self._works_alone(AGGREGATE)
        await cancel

    async def _works_alone(self, name: str) -> None:
        command = self._command(name)
        spoilt = bool(self._mistake) and name == self._boundary.command
        code = await self._run(patched(self._mistake, *command) if spoilt else ours(*command))
        if code not in {0, 1}:
            self.surprises.append(f"{name} ended with {code}")

    async def _run(self, command: Sequence[str], *, stop: bool = False, cancel: bool = False) -> int | None:
        part = Part(command[0], command, self._world.environment("last"), once=True)
        ended = asyncio.create_task(part.run_once())
        try:
            async with asyncio.timeout(_DEADLINE_S):
                if stop:
                    await until(lambda: part.busy > 0, _DEADLINE_S)
                    part.send(signal.SIGTERM)
                if cancel:
                    await until(lambda: part.busy > 0, _DEADLINE_S)
                    await self._works(CANCEL)
                await ended
        except TimeoutError:
            late = CANCEL if cancel and ended.done() else " ".join(command)
            self.surprises.append(f"{late} did not end: {list(part.said)[-5:]}")
            await part.cut_off()
        self.surprises += part.surprises
        return part.process.returncode if part.process else None
