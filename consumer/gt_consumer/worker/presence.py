"""Signs of life of a worker: that it is alive and what it runs; best effort, beside the work."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final, Literal, Protocol

from gt_common.messages import utc_now
from gt_common.messaging.presence.beats import (
    BEAT_S,
    MOST_RUNNING,
    MOST_WAITS,
    Beat,
    ProviderWait,
    RunningStory,
    encode_beat,
)
from gt_common.redaction import redact
from gt_common.settings import Settings
from gt_consumer.worker.run_events import RunEvents

APART_S: Final = 1.0
"""Least seconds between two beats, however much changes."""


class BeatPublisher(Protocol):
    """The part of a publisher that presence needs."""

    def beat(self, body: bytes) -> None: ...


@dataclass(frozen=True)
class _Run:
    events: RunEvents
    stage: str | None = None

    def shown(self) -> RunningStory:
        """Return the run as a beat has it."""
        story = self.events.story
        return RunningStory(
            batch_id=story.batch_id,
            story_id=story.story_id,
            url=redact(story.url)[:2048],
            stage=self.stage,
            since=self.events.started_at,
        )


class Presence:
    """Sends a beat every 10 s and soon after each change of what runs; keeps the latest state only.

    Parameters:
        settings: the worker's name and slots
        waits: returns the providers for which runs of this worker wait
        every_s, apart_s: most and least seconds between two beats; tests pass their own
    """

    def __init__(
        self,
        settings: Settings,
        publisher: BeatPublisher,
        waits: Callable[[], Iterable[ProviderWait]] = tuple,
        *,
        every_s: float = BEAT_S,
        apart_s: float = APART_S,
    ) -> None:
        self._settings = settings
        self._publisher = publisher
        self._waits = waits
        self._every_s = every_s
        self._apart_s = apart_s
        self._host = socket.gethostname()[:200] or "unknown"
        self._version = version("gt-consumer")
        self._started_at = utc_now()
        self._runs: dict[int, _Run] = {}
        self._changed = asyncio.Event()

    def show(self, events: RunEvents, stage: str | None) -> None:
        """Show a run and the stage that it has reached, from now on."""
        run = _Run(events, stage)
        if self._runs.get(id(events)) != run:
            self._runs[id(events)] = run
            self._changed.set()

    def hide(self, events: RunEvents) -> None:
        """Show a run no more."""
        self._runs.pop(id(events), None)
        self._changed.set()

    @asynccontextmanager
    async def beating(self) -> AsyncIterator[None]:
        """Send beats for the time of a block, and at its end that the worker has left."""
        task = asyncio.create_task(self._beat(), name="beat")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self._send("left")

    async def _beat(self) -> None:
        kind: Literal["ready", "beat"] = "ready"
        while True:
            self._changed.clear()
            self._send(kind)
            kind = "beat"
            await asyncio.sleep(self._apart_s)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every_s - self._apart_s):
                    await self._changed.wait()

    def _send(self, kind: Literal["ready", "beat", "left"]) -> None:
        runs = sorted(self._runs.values(), key=lambda run: run.events.started_at)
        beat = Beat(
            kind=kind,
            name=self._settings.worker_name,
            host=self._host,
            pid=os.getpid(),
            version=self._version,
            started_at=self._started_at,
            at=utc_now(),
            slots=self._settings.prefetch,
            running=tuple(run.shown() for run in runs[:MOST_RUNNING]),
            waits=tuple(self._waits())[:MOST_WAITS],
        )
        self._publisher.beat(encode_beat(beat))
