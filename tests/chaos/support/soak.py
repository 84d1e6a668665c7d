"""A steady flow of stories, and the resources that worker and aggregator hold meanwhile."""

from __future__ import annotations

import asyncio
import itertools
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import psutil
from toolbox.errors import BrokerError

from chaos.support.stories import FOREVER, ChaosStory, draw_stories
from chaos.support.world import World
from support.waiting import pause

PER_BATCH = 20
EVERY_S = 5.0
"""A batch is published this often."""
_SAMPLE_S = 10.0
_RESET_S = 30.0
_WARM_UP = 0.3
"""The part of the time after which what is held must not grow: caches are full, pools have their size."""
_LIMITS = {"rss_mb": 6.0, "handles": 3.0, "threads": 2.0, "connections": 0.9, "channels": 0.9}
"""How much each may seem to grow by the fitted line, over the whole time after the warm-up."""


@dataclass(frozen=True)
class Sample:
    """The resources of one process at one time."""

    at: float
    values: dict[str, float]


@dataclass(frozen=True)
class Trend:
    """A straight line through the samples of a process."""

    name: str
    what: str
    first: float
    last: float
    grows: float

    @property
    def steady(self) -> bool:
        """Whether it was measured at all and does not grow."""
        return self.first > 0 and self.grows <= _LIMITS[self.what]

    def row(self) -> str:
        """Format its row of the Markdown table."""
        return f"| {self.name} | {self.what} | {self.first:.1f} | {self.last:.1f} | {self.grows:+.2f} |"


class Soak:
    """Runs a worker and an aggregator for some minutes and samples their resources.

    Parameters:
        minutes: how long
    """

    def __init__(self, world: World, minutes: float) -> None:
        self._world = world
        self._seconds = minutes * 60
        self._samples: dict[str, list[Sample]] = {"w1": [], "a1": []}
        self.stories: list[ChaosStory] = []

    async def run(self) -> list[Trend]:
        """Run the soak. Return the trend of every resource."""
        world = self._world
        world.parts = {"w1": world.worker("w1"), "a1": world.aggregator("a1")}
        for part in world.parts.values():
            part.start()
        await asyncio.gather(*(part.until_ready() for part in world.parts.values()))
        tasks = [asyncio.create_task(work) for work in (self._flow(), self._look(), self._reset())]
        done, running = await asyncio.wait(tasks, timeout=self._seconds, return_when=asyncio.FIRST_EXCEPTION)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for task in done:
            task.result()
        return [trend for name in self._samples for trend in self._trends(name)]

    async def _flow(self) -> None:
        random = Random(1)  # noqa: S311 - to be repeated, not to be secret
        for number in itertools.count(1):
            batch = [story for story in draw_stories(random, f"b{number}", PER_BATCH) if _cheap(story)]
            self.stories += batch
            self._world.produce(batch)
            await pause(EVERY_S)

    async def _reset(self) -> None:
        """Cut all connections now and then, because what is lost and opened again is what leaks."""
        while True:
            await pause(_RESET_S)
            for name in self._samples:
                self._world.proxies[name].reset()

    async def _look(self) -> None:
        while True:
            await pause(_SAMPLE_S)
            try:
                held = await asyncio.to_thread(self._ask_broker)
            except BrokerError:  # too slow an answer of a busy machine: one sample less
                continue
            for name, samples in self._samples.items():
                pid = self._world.parts[name].pid
                if pid is not None:
                    samples.append(Sample(time.monotonic(), _process(pid) | held[name]))

    def _ask_broker(self) -> dict[str, dict[str, float]]:
        """Return connections and channels of each part, as counted by the broker."""
        listed = self._world.node.ctl(
            "list_connections", "--formatter", "json", "client_properties", "channels"
        )
        held = {name: {"connections": 0.0, "channels": 0.0} for name in self._samples}
        for connection in json.loads(listed):
            name = _client(connection)
            part = "w1" if name.startswith("gt-consume w1") else "a1" if "gt-aggregate" in name else None
            if part:
                held[part]["connections"] += 1
                held[part]["channels"] += float(connection["channels"])
        return held

    def _trends(self, name: str) -> list[Trend]:
        samples = self._samples[name]
        samples = samples[int(len(samples) * _WARM_UP) :]
        assert len(samples) > 2, "too few looks for a line"
        return [_trend(name, what, samples) for what in _LIMITS]


def _trend(name: str, what: str, samples: Sequence[Sample]) -> Trend:
    times = [sample.at for sample in samples]
    values = [sample.values[what] for sample in samples]
    slope = statistics.linear_regression(times, values).slope
    tail = max(1, len(values) // 5)
    first, last = statistics.fmean(values[:tail]), statistics.fmean(values[-tail:])
    return Trend(name, what, first, last, slope * (times[-1] - times[0]))


def _process(pid: int) -> dict[str, float]:
    process = psutil.Process(pid)
    with process.oneshot():
        return {
            "rss_mb": process.memory_info().rss / 1e6,
            "handles": float(process.num_fds()),
            "threads": float(process.num_threads()),
        }


def _client(connection: dict[str, object]) -> str:
    """Return a connection's name; RabbitMQ 3 prints the properties as triples, RabbitMQ 4 as an object."""
    properties = connection["client_properties"]
    if isinstance(properties, dict):
        return str(properties.get("connection_name", ""))
    # A connection that is just being opened or closed has none.
    triples = properties if isinstance(properties, list) else []
    return next((str(value) for name, _type, value in triples if name == "connection_name"), "")


def _cheap(story: ChaosStory) -> bool:
    """Whether a story takes no slot for seconds and no new process each time."""
    return story.do == "permanent" or (
        story.do in {"ok", "flaky", "rubbish", "limited", "novideo"} and story.times < FOREVER
    )
