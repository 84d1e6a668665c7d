"""The fleet of one run: its folders, proxies, parts, ledger, and the broker that it may break."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from chaos.support.junk import Junk
from chaos.support.operating import amount
from chaos.support.parts import Part, ours
from chaos.support.stories import ChaosStory, write_list
from gt_common.errors import GossipToonError
from gt_common.messaging import topology
from gt_common.settings import Settings, load_settings
from support.broker.node import PrivateNode
from support.broker.tcp_proxy import TcpProxy, open_proxy
from support.unique import unique

MAX_ATTEMPTS = 15
TIME_LIMIT_S = 4
HEARTBEAT_S = 3
DRAIN_TIMEOUT = "300ms"
RETRY_DELAYS = "100ms,200ms,500ms,1s"
WORKERS = ("w1", "w2", "w3")
AGGREGATORS = ("a1", "a2")
_DISK = "48m"


@dataclass
class World:
    """What a run is made of.

    Parameters:
        settings: of the suite itself, without a proxy
        parts, proxies: workers and aggregators by name, and the proxy between each and the broker
        ledger_proxy: between the aggregators and a ledger on a server
        disk: whether the output folder is a separate small file system, which can be filled
        broken: number of active faults
        junk: messages that were sent and are neither stories nor events
        produced: the batches whose publishing began
        cancelled: batch and id of the stories that an operator has cancelled, or tried to
        pausing: batches, or the fleet as (), by how many lanes keep them paused
        to_resume: what was paused and has not been resumed since
        pauses: what was surely paused, from when to when
        first_ceilings, ceilings: what batches may cost, in millionths, at first and now
        acts: the operator's commands by their exit codes
        surprises: what the operator's commands did and should not
    """

    node: PrivateNode
    folder: Path
    settings: Settings
    parts: dict[str, Part] = field(default_factory=dict)
    proxies: dict[str, TcpProxy] = field(default_factory=dict)
    producers: list[Part] = field(default_factory=list)
    ledger_proxy: TcpProxy | None = None
    disk: bool = False
    broken: int = 0
    junk: Junk = field(default_factory=Junk)
    produced: list[Sequence[ChaosStory]] = field(default_factory=list)
    cancelled: set[tuple[str, str]] = field(default_factory=set)
    pausing: Counter[tuple[str, ...]] = field(default_factory=Counter)
    to_resume: set[tuple[str, ...]] = field(default_factory=set)
    pauses: list[tuple[tuple[str, ...], float, float]] = field(default_factory=list)
    first_ceilings: dict[str, int] = field(default_factory=dict)
    ceilings: dict[str, int] = field(default_factory=dict)
    acts: Counter[str] = field(default_factory=Counter)
    surprises: list[str] = field(default_factory=list)
    broker_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _urls: dict[str, str] = field(default_factory=dict)
    _ledger_url: str = ""

    @property
    def runs(self) -> Path:
        """The folder in which each run of a story is recorded."""
        return self.folder / "runs"

    @property
    def logs(self) -> Path:
        """The folder with the logs of the workers."""
        return self.folder / "logs"

    @property
    def all_parts(self) -> list[Part]:
        """Every part."""
        return [*self.parts.values(), *self.producers]

    def environment(self, name: str) -> dict[str, str]:
        """Return the environment of a part."""
        return {
            **{key: value for key, value in os.environ.items() if not key.startswith(("GT_", "CHAOS_"))},
            "GT_AMQP_URL": self._urls[name],
            "GT_NAMESPACE": self.settings.namespace,
            "GT_LEDGER_URL": self._ledger_url,
            "GT_OUTPUT": str(self.settings.output),
            "GT_STATE_DIR": str(self.folder / "state"),
            "GT_RETRY_DELAYS": RETRY_DELAYS,
            "GT_HEARTBEAT": str(HEARTBEAT_S),
            "GT_CONNECT_TIMEOUT": "3s",
            "GT_DRAIN_TIMEOUT": DRAIN_TIMEOUT,
            "GT_LOG_FORMAT": "json",
            "GT_WORKER_NAME": name,
            "NO_COLOR": "1",
        }

    def worker(self, name: str, *more: str) -> Part:
        """Make a worker."""
        limits = ("--max-attempts", str(MAX_ATTEMPTS), "--time-limit", f"{TIME_LIMIT_S}s")
        command = ours(
            "gt-consume",
            "--orchestrator",
            "chaos.support.orchestrator:Cheap",
            "--prefetch",
            "2",
            *limits,
            *more,
        )
        part = Part(name, command, self.environment(name), "worker_started", bool(more), self.troubled)
        part.done_codes = frozenset({0, 1})
        part.log = self.logs / f"{name}.log"
        return part

    def aggregator(self, name: str, *more: str) -> Part:
        """Make an aggregator."""
        command = ours("gt-aggregate", *more)
        return Part(name, command, self.environment(name), "aggregator_started", bool(more), self.troubled)

    def produce(self, stories: Sequence[ChaosStory]) -> Part:
        """Start a producer of a batch through a slow connection, so that a fault can hit it halfway."""
        path = write_list(list(stories), self.folder, self.runs)
        batch_id = stories[0].batch_id
        ceiling = self.first_ceilings.get(batch_id)
        ruled = ["--max-cost", amount(ceiling)] if ceiling else []
        command = ours("gt-produce", "-f", str(path), "--batch-id", batch_id, "--force", *ruled)
        part = Part(f"producer of {batch_id}", command, self.environment("producer"), "", once=True)
        part.trouble = self.troubled
        part.start()
        self.producers.append(part)
        self.produced.append(stories)
        return part

    def can_be_hit(self, name: str) -> bool:
        """Whether a worker (any, if `name` is not one) runs a story, or no work is left to wait for."""
        busy = {worker for worker in WORKERS if self.parts[worker].busy > 0}
        if name in WORKERS and name in busy:
            return True
        more = bool(busy) or any(part.is_kept for part in self.producers)
        return not more or (name not in WORKERS and bool(busy))

    def troubled(self) -> bool:
        """Whether any fault is active, which may keep a part from starting."""
        return self.broken > 0

    async def add_proxies(self, stack: AsyncExitStack, ledger_url: str) -> None:
        """Put proxies between the parts and the broker (not a cluster), and before the ledger's server."""
        direct = self.settings.amqp_url.get_secret_value()
        self._urls = dict.fromkeys((*WORKERS, *AGGREGATORS, "producer", "operator", "last"), direct)
        self._ledger_url = ledger_url
        if not ledger_url.startswith("sqlite"):
            self.ledger_proxy, self._ledger_url = await stack.enter_async_context(open_proxy(ledger_url))
        if "," in direct:
            return
        for name in (*WORKERS, *AGGREGATORS, "producer"):
            pace = 0.05 if name == "producer" else 0.0
            self.proxies[name], self._urls[name] = await stack.enter_async_context(open_proxy(direct, pace))

    def start(self) -> None:
        """Start workers and aggregators."""
        self.parts = {
            **{name: self.worker(name) for name in WORKERS},
            **{name: self.aggregator(name) for name in AGGREGATORS},
        }
        for part in self.parts.values():
            part.start()


@asynccontextmanager
async def open_world(
    node: PrivateNode, folder: Path, ledger_url: str | None = None, amqp_url: str | None = None
) -> AsyncIterator[World]:
    """Set up a run: topology, folders, proxies; everything is ended and removed afterwards.

    Parameters:
        ledger_url: of a ledger on a server; without it a SQLite file in `folder`
        amqp_url: several brokers of a cluster; without it the node's
    """
    output = _make_folders(folder)
    ledger_url = ledger_url or f"sqlite:///{folder / 'ledger.db'}"
    settings = load_settings(
        amqp_url=amqp_url or node.amqp_url,
        namespace=unique("c"),
        ledger_url=ledger_url,
        output=output,
        state_dir=folder / "state",
        retry_delays=RETRY_DELAYS,
        heartbeat=10,
        log_format="json",
    )
    if not node.running():
        await asyncio.to_thread(node.restart)
    await topology.declare(settings)
    async with AsyncExitStack() as stack:
        world = World(node, folder, settings, disk=stack.enter_context(_small_disk(output)))
        await world.add_proxies(stack, ledger_url)
        try:
            yield world
        finally:
            await asyncio.gather(*(part.cut_off() for part in world.all_parts))
            with contextlib.suppress(GossipToonError):  # else it would hide why the run ended
                await topology.delete(settings)


def _make_folders(folder: Path) -> Path:
    for name in ("runs", "outputs", "logs"):
        (folder / name).mkdir(parents=True)
    return folder / "outputs"


@contextmanager
def _small_disk(folder: Path) -> Iterator[bool]:
    """Mount a small file system on the folder for the duration of a block, if that is allowed."""
    mount, unmount = shutil.which("mount"), shutil.which("umount")
    if os.geteuid() != 0 or mount is None or unmount is None:
        yield False
        return
    command = [mount, "-t", "tmpfs", "-o", f"size={_DISK}", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run([unmount, "-l", str(folder)], capture_output=True)
