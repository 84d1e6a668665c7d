"""A sweep without a broker: letters of a group are handled at the same time, and each is acked after that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from gt_common.errors import PublishFailedError
from gt_common.messages import StoryMessage, encode
from gt_common.settings import Settings
from gt_consumer.deadletters import sweep
from gt_consumer.deadletters.gate import Gate
from gt_consumer.deadletters.orders import Order, Step
from gt_consumer.deadletters.selection import Selection
from gt_consumer.deadletters.sweep import LetterAction, Sweep
from support.samples.dead_letters import make_letter
from support.samples.events import NOON

DEADLINE_S = 10


class Held:
    """A message of the dead-letter queue, in memory."""

    def __init__(self, letter: StoryMessage, journal: list[str]) -> None:
        self.body = encode(letter)
        self.headers: dict[str, object] = {}
        self.died_of: str | None = None
        self.died_at: datetime = NOON
        self.settled = False
        self._name = f"ack {letter.position}"
        self._journal = journal

    async def ack(self) -> bool:
        """Note the ack."""
        self.settled = True
        self._journal.append(self._name)
        return True


@dataclass
class Queue:
    """A queue that is read in groups; what is not acked is there again in the next round."""

    held: list[Held]

    @property
    def depth(self) -> int:
        """Number of messages."""
        return len(self.held)

    async def groups(self, most: int) -> AsyncIterator[Sequence[Held]]:
        """Yield the messages in groups."""
        here = [one for one in self.held if not one.settled]
        for start in range(0, len(here), most):
            yield here[start : start + most]


class NothingMissing:
    """A ledger that knows no letter that the queue does not hold."""

    def __init__(self, *_given: object) -> None: ...

    async def remember(self) -> None: ...

    async def find(self, *_found: object) -> list[tuple[StoryMessage, str | None]]:
        """Return no letter."""
        return []


class World:
    """A sweep over letters; `journal` has what happened, in order."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, folder: Path, letters: Sequence[StoryMessage]
    ) -> None:
        self.journal: list[str] = []
        self.steps: list[Step] = []
        self.queue = Queue([Held(letter, self.journal) for letter in letters])
        self.settings = Settings(ledger=f"sqlite:///{folder / 'none.db'}")
        self.looked: list[tuple[int, int]] = []

        @asynccontextmanager
        async def open_queue(*_given: object) -> AsyncIterator[Queue]:
            yield self.queue

        monkeypatch.setattr(sweep, "open_browser", open_queue)
        monkeypatch.setattr(sweep, "MissingLetters", NothingMissing)

    async def run(self, action: LetterAction, limit: int | None = None, gate: Gate | None = None) -> None:
        """Run the sweep."""
        order = Order(Selection(), limit, "me@here", None)

        def look(looked: int, depth: int) -> None:
            self.looked.append((looked, depth))

        async with asyncio.timeout(DEADLINE_S):
            await Sweep(self.settings, order, action, gate or Gate(), self.steps.append, look).run()

    async def replayed(self, letter: StoryMessage) -> Step:
        """Note the replay of a letter."""
        self.journal.append(f"replay {letter.position}")
        return Step("replayed", letter.batch_id, letter.story_id, 2)


def action(world: World) -> LetterAction:
    return LetterAction("test", world.replayed, all_runs=True)


async def test_letters_of_a_group_are_handled_at_the_same_time_and_acked_after(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = World(monkeypatch, tmp_path, [make_letter(number) for number in range(1, 4)])
    all_there = asyncio.Barrier(3)

    async def together(letter: StoryMessage) -> Step:
        await all_there.wait()
        return await world.replayed(letter)

    await world.run(LetterAction("test", together, all_runs=True))
    assert sorted(world.journal) == [f"{act} {number}" for act in ("ack", "replay") for number in (1, 2, 3)]
    assert all(world.journal.index(f"replay {n}") < world.journal.index(f"ack {n}") for n in (1, 2, 3))
    assert world.looked == [(3, 3)]


async def test_a_second_copy_in_the_same_group_is_removed_and_not_handled(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = World(monkeypatch, tmp_path, [make_letter(1), make_letter(2), make_letter(1)])
    await world.run(action(world))
    assert [step.action for step in world.steps] == ["replayed", "replayed", "removed"]
    assert sorted(world.journal) == ["ack 1", "ack 1", "ack 2", "replay 1", "replay 2"]


async def test_a_limit_within_a_group_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    world = World(monkeypatch, tmp_path, [make_letter(number) for number in range(1, 6)])
    await world.run(action(world), limit=2)
    assert sorted(world.journal) == ["ack 1", "ack 2", "replay 1", "replay 2"]


async def test_letters_that_are_paced_pass_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Paced(Gate):
        """A gate that lets letters pass one by one, without a wait."""

        @property
        def paced(self) -> bool:
            return True

    world = World(monkeypatch, tmp_path, [make_letter(1), make_letter(2)])
    await world.run(action(world), gate=Paced())
    assert world.journal == ["replay 1", "ack 1", "replay 2", "ack 2"]


async def test_a_letter_whose_action_fails_stays_and_those_that_were_confirmed_are_removed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = World(monkeypatch, tmp_path, [make_letter(number) for number in range(1, 4)])

    async def refuse_second(letter: StoryMessage) -> Step:
        if letter.position == 2:
            raise PublishFailedError("not confirmed")
        return await world.replayed(letter)

    with pytest.raises(PublishFailedError):
        await world.run(LetterAction("test", refuse_second, all_runs=True))
    assert [one.settled for one in world.queue.held] == [True, False, True]
