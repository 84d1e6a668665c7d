"""A small fleet for tests: publishes batches, runs commands as processes, reads what they left behind."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from gt_common.lifecycle import BatchState
from gt_common.messages import BatchOpened, BatchStories, StoryEntry, StoryMessage
from gt_common.messaging import topology
from gt_common.messaging.names import Names
from gt_common.messaging.publisher import open_publisher
from gt_common.settings import Settings
from gt_common.stories import story_id

BIN = Path(sys.executable).parent
TESTS = Path(__file__).parents[1]


def scripted_story(batch_id: str, position: int, runs: Path, **options: object) -> StoryMessage:
    """Make a story for `support.orchestrators.fleet:Scripted`."""
    url = f"https://www.reddit.com/comments/{position:x}a/"
    return StoryMessage.model_validate(
        {
            "batch_id": batch_id,
            "story_id": story_id(batch_id, url),
            "position": position,
            "url": url,
            "canonical_url": url,
            "options": {"runs": str(runs), **options},
        }
    )


async def publish(settings: Settings, *stories: StoryMessage) -> None:
    """Publish stories of one batch as gt-produce does."""
    batch_id = stories[0].batch_id
    entries = tuple(StoryEntry(story_id=s.story_id, position=s.position, url=s.url) for s in stories)
    async with open_publisher(settings, "test", patience=20) as publisher:
        await publisher.event(BatchOpened(batch_id=batch_id, total=len(stories)))
        await publisher.event(BatchStories(batch_id=batch_id, stories=entries))
        for story in stories:
            await publisher.story(story)


def read_runs(runs: Path) -> list[dict[str, object]]:
    """Return the runs that `Scripted` recorded."""
    return [json.loads(line) for line in runs.read_text().splitlines()] if runs.exists() else []


class Running:
    """A command as a process; its standard error is read continuously."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []
        self._seen = asyncio.Condition()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            async with self._seen:
                self.lines.append(line.decode())
                self._seen.notify_all()

    async def says(self, text: str, times: int = 1, deadline: float = 90.0) -> None:
        """Wait until a text has been on standard error `times` times."""
        async with asyncio.timeout(deadline), self._seen:
            await self._seen.wait_for(lambda: sum(text in line for line in self.lines) >= times)

    async def ends(self, deadline: float = 90.0) -> int:
        """Wait for its end. Return the exit code."""
        async with asyncio.timeout(deadline):
            code = await self.process.wait()
            await self._reader
        return code

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)


@asynccontextmanager
async def command(
    environment: Mapping[str, str], name: str, *arguments: str, before: Sequence[str] = ()
) -> AsyncIterator[Running]:
    """Run a command for the duration of a block, after which it is killed if it still runs.

    Parameters:
        before: a program and arguments that run it, such as `prlimit --nofile=40`
    """
    process = await asyncio.create_subprocess_exec(
        *before,
        str(BIN / name),
        *arguments,
        env={**environment, "PYTHONPATH": str(TESTS)},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    running = Running(process)
    try:
        yield running
    finally:
        if process.returncode is None:
            process.kill()
        await running.ends()


async def stopped(*running: Running) -> list[int]:
    """Let commands end what they do, and return their exit codes."""
    for one in running:
        one.send(signal.SIGTERM)
    return [await one.ends() for one in running]


async def run_command(environment: Mapping[str, str], name: str, *arguments: str) -> tuple[int | None, str]:
    """Run a command to its end. Return its exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        str(BIN / name),
        *arguments,
        env={**environment, "PYTHONPATH": str(TESTS)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(300):
            out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return process.returncode, out.decode()


def worker(environment: Mapping[str, str], *arguments: str) -> AbstractAsyncContextManager[Running]:
    """Run gt-consume with the scripted orchestrator."""
    return command(
        environment, "gt-consume", "--orchestrator", "support.orchestrators.fleet:Scripted", *arguments
    )


async def tally(environment: Mapping[str, str], settings: Settings, batch_id: str) -> BatchState:
    """Let gt-aggregate store what is waiting. Return the batch from the ledger."""
    from gt_common.ledger import open_ledger

    async with command(environment, "gt-aggregate", "--until-idle") as aggregator:
        assert await aggregator.ends() == 0, aggregator.lines
    with open_ledger(settings.ledger) as ledger:
        return ledger.batch(batch_id)


async def depth(settings: Settings, queue: str) -> int:
    """Return the number of ready messages of one of the fleet's queues, named as in `Names`."""
    (info,) = await topology.inspect(settings, [getattr(Names(settings.namespace), queue)])
    assert info.messages is not None
    return info.messages
