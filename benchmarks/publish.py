"""How many stories a second gt-produce publishes, as a whole process, beside FastStream and bare aio-pika.

    .venv/bin/python benchmarks/publish.py [--quick] [--against DIR]

All publish the same number of persistent, mandatory messages of the same size to a quorum queue with the same
arguments and wait for each confirm; each time is that of the whole process, its start and the check of the
list included. They take turns, so that a load on the machine hits all alike. The peers are in the dependency
group `bench`; those that are missing are left out. The broker is that of GT_AMQP_URL; take one of your own.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from bench.figures import BEFORE, OURS, alternate, arguments, show

HERE: Final = Path(__file__).resolve()
BIN: Final = Path(sys.executable).parent
GOALS: Final = {"FastStream": "ratio >= 1.5"}
PEERS: Final = {"FastStream": "faststream", "aio-pika": "aio_pika"}
IN_FLIGHT: Final = 500
"""Unconfirmed messages of the peers; more makes neither faster."""


class Namespace:
    """A namespace of the broker with its topology and a list, for one run.

    Parameters:
        bin_folder: where the commands are that declare and delete it
    """

    def __init__(self, folder: Path, listed: Path, bin_folder: Path = BIN) -> None:
        self.name = f"bench{secrets.token_hex(4)}"
        self.listed = listed
        self._bin = bin_folder
        self.environment = {
            **os.environ,
            "GT_NAMESPACE": self.name,
            "GT_STATE_DIR": str(folder / self.name),
            "GT_LEDGER_URL": f"sqlite:///{folder / 'no-ledger.db'}",
        }

    def time(self, command: list[str]) -> float:
        """Run a command in the namespace; return its seconds."""
        self._topology("declare")
        try:
            begun = time.perf_counter()
            subprocess.run(command, env=self.environment, check=True, capture_output=True)
            return time.perf_counter() - begun
        finally:
            self._topology("delete", "-y")

    def _topology(self, *arguments: str) -> None:
        subprocess.run(
            [self._bin / "gt-topology", *arguments], env=self.environment, check=True, capture_output=True
        )


def write_list(folder: Path, stories: int) -> Path:
    """Write a list of links to posts."""
    path = folder / "urls.txt"
    with path.open("w") as out:
        for number in range(1, stories + 1):
            out.write(
                f"https://www.reddit.com/r/AmItheAsshole/comments/{number:06x}/aita_for_title_{number}/\n"
            )
    return path


def produce(bin_folder: Path, listed: Path) -> list[str]:
    """Return the command that publishes a list with a build of this project."""
    return [str(bin_folder / "gt-produce"), "-f", str(listed)]


def competitors(listed: Path, against: Path | None) -> dict[str, tuple[Path, list[str]]]:
    """Return each competitor's commands folder and command, ours first."""
    found = {OURS: (BIN, produce(BIN, listed))}
    for name, module in PEERS.items():
        if find_spec(module) is None:
            print(f"{name} is not installed, it is left out", file=sys.stderr)
            continue
        found[name] = (BIN, [sys.executable, str(HERE), "--peer", name, str(listed)])
    if against is not None:
        theirs = against.resolve() / ".venv" / "bin"
        found[BEFORE] = (theirs, produce(theirs, listed))
    return found


def compare(stories: int, rounds: int, against: Path | None) -> None:
    """Let all take turns; print a line for each competitor."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        listed = write_list(folder, stories)
        runs = competitors(listed, against)

        def of(bin_folder: Path, command: list[str]) -> Callable[[], float]:
            return lambda: stories / Namespace(folder, listed, bin_folder).time(command)

        rates = alternate({who: of(*how) for who, how in runs.items()}, rounds)
    show(f"publish {stories:,} stories, whole process", "stories/s", "more", rates, goal=GOALS)


def body(number: int, url: str) -> bytes:
    """Return a message of the size and form of ours."""
    message = {
        "v": 1,
        "batch_id": "20261122-203015-k3f9",
        "story_id": f"{number:016x}",
        "position": number,
        "url": url,
        "canonical_url": f"https://www.reddit.com/comments/{number:06x}/",
        "options": {},
        "generation": 1,
        "attempt": 1,
        "run": 0,
        "published_at": "2026-11-22T20:30:15.123456Z",
        "errors": [],
        "replays": [],
        "fresh": False,
    }
    return json.dumps(message, separators=(",", ":")).encode()


async def publish_in_tasks(publish: Callable[[bytes], object], listed: Path) -> None:
    """Publish every line of a list, by tasks that each wait for their confirms."""
    import asyncio
    import inspect

    with listed.open() as lines:
        messages = iter([body(number, line.strip()) for number, line in enumerate(lines, start=1)])

    async def work() -> None:
        for message in messages:
            done = publish(message)
            if inspect.isawaitable(done):
                await done

    async with asyncio.TaskGroup() as group:
        for _ in range(IN_FLIGHT):
            group.create_task(work())


async def by_aio_pika(url: str, exchange_name: str, listed: Path) -> None:
    """Publish with bare aio-pika."""
    import aio_pika

    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        exchange = await channel.get_exchange(exchange_name, ensure=False)

        def publish(message: bytes) -> object:
            ready = aio_pika.Message(
                message, content_type="application/json", delivery_mode=aio_pika.DeliveryMode.PERSISTENT
            )
            return exchange.publish(ready, "story", mandatory=True)

        await publish_in_tasks(publish, listed)


async def by_faststream(url: str, exchange_name: str, listed: Path) -> None:
    """Publish with FastStream's broker."""
    from faststream.rabbit import Channel, RabbitBroker, RabbitExchange

    broker = RabbitBroker(
        url, logger=None, default_channel=Channel(publisher_confirms=True, on_return_raises=True)
    )
    exchange = RabbitExchange(exchange_name, durable=True, declare=False)
    await broker.start()
    try:

        def publish(message: bytes) -> object:
            return broker.publish(
                message,
                exchange=exchange,
                routing_key="story",
                mandatory=True,
                persist=True,
                content_type="application/json",
            )

        await publish_in_tasks(publish, listed)
    finally:
        await broker.stop()


def run_peer(name: str, listed: Path) -> None:
    """Publish a list with a peer, in a process of its own."""
    import asyncio

    url = os.environ.get("GT_AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/")
    exchange = f"{os.environ['GT_NAMESPACE']}.stories"
    work = by_aio_pika if name == "aio-pika" else by_faststream
    asyncio.run(work(url, exchange, listed))


def main() -> None:
    """Run the benchmark."""
    parser = arguments(__doc__, rounds=3)
    parser.add_argument("--stories", type=int, help="default: 20000, with --quick 5000")
    parser.add_argument("--peer", nargs=2, metavar=("NAME", "LIST"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.peer:
        run_peer(given.peer[0], Path(given.peer[1]))
        return
    stories = given.stories or (5_000 if given.quick else 20_000)
    compare(stories, 2 if given.quick else given.rounds, given.against)


if __name__ == "__main__":
    main()
