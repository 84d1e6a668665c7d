"""What the worker adds to a story, beside other task queues and beside another checkout of this project.

    python benchmarks/worker.py [--quick] [--against DIR] [--only noop,makespan,memory,scans] [--peers A,B]

noop: stories that cost nothing, from the list to the report, 10 slots; also the worker's processor time.
makespan: 200 stories of 0.3 s on 4 workers with 2 slots, in proportion to the bound.
memory: of a worker whose 50 slots are idle after they ran a story, per slot.
scans: how often the worker lists a batch's folder of 20,000 videos, per story.

Needs a broker at GT_AMQP_URL that is not busy otherwise, and the peers of the dependency group `bench` in
this environment; those that are missing are left out. Runs alternate.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.figures import BEFORE, OURS, arguments, show
from worker_parts.contestants import Contestant, ContestantError, Fleet, Peer, remove, warm_up
from worker_parts.watching import processor_seconds, proportional_bytes, tree, wait_for

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent
PEERS = {
    "celery": "celery",
    "dramatiq": "dramatiq",
    "faststream": "faststream",
    "taskiq": "taskiq_aio_pika",
    "aio-pika": "aio_pika",
}

Figures = dict[str, float]
Measure = Callable[[Contestant, Path, argparse.Namespace], Figures]


def noop(contestant: Contestant, folder: Path, asked: argparse.Namespace) -> Figures:
    """Return stories per second, with the publisher's start and without, and the worker's processor time."""
    count = 400 if asked.quick else 1000
    try:
        workers = contestant.start(folder, 1, 10, 0.0)
        warm_up(contestant, 40)
        used, begun, before = processor_seconds(workers), time.perf_counter(), contestant.made()
        publishing = threading.Thread(target=contestant.publish, args=(count,))
        publishing.start()
        wait_for(lambda: contestant.made() > before, f"{contestant.name} makes a story", every=0.005)
        first, already = time.perf_counter(), contestant.made() - before
        wait_for(lambda: contestant.made() >= before + count, f"{contestant.name} makes {count} stories")
        ended = time.perf_counter()
        publishing.join()
        used = processor_seconds(workers) - used
    finally:
        contestant.stop()
    steady = (count - already) / (ended - first)
    return {
        "noop_rate": count / (ended - begun),
        "noop_steady": steady,
        "noop_processor": 1000 * used / count,
    }


def makespan(contestant: Contestant, folder: Path, asked: argparse.Namespace) -> Figures:
    """Return the shortest possible time in proportion to that from the first start to the last report.

    The first start is not seen; it is the first report less the time of a story.
    """
    count, workers, slots, seconds = (40 if asked.quick else 200), 4, 2, 0.3
    try:
        contestant.start(folder, workers, slots, seconds)
        warm_up(contestant, 2 * workers * slots)
        before = contestant.made()
        publishing = threading.Thread(target=contestant.publish, args=(count,))
        publishing.start()
        wait_for(lambda: contestant.made() > before, f"{contestant.name} makes a story", every=0.005)
        first = time.perf_counter()
        wait_for(lambda: contestant.made() >= before + count, f"{contestant.name} makes {count} stories")
        took = time.perf_counter() - first + seconds
        publishing.join()
    finally:
        contestant.stop()
    return {"makespan": count * seconds / (workers * slots) / took}


def memory(contestant: Contestant, folder: Path, _: argparse.Namespace) -> Figures:
    """Return megabytes (PSS) and processes of a worker per idle slot, of 50."""
    slots = 50
    try:
        (worker,) = contestant.start(folder, 1, slots, 3.0)
        contestant.publish(2 * slots)
        wait_for(lambda: contestant.made() >= 2 * slots, f"{contestant.name} makes {2 * slots} stories")
        used, processes = proportional_bytes(worker), len(tree(worker))
    finally:
        contestant.stop()
    return {"idle_slot_memory": used / slots / 1e6, "processes": processes}


def scans(contestant: Contestant, folder: Path, asked: argparse.Namespace) -> Figures:
    """Return how often the worker lists a batch's folder of 20,000 videos per story, and its milliseconds."""
    count = 100 if asked.quick else 300
    assert isinstance(contestant, Fleet), "a peer has no folder of videos"
    videos = folder / "outputs" / "bench"
    videos.mkdir(parents=True)
    for number in range(20_000):
        for suffix in ("mp4", "json"):
            (videos / f"{number + 1}-a-title-{number:032x}.{suffix}").touch()
    log = folder / "scans.log"
    extra = {"GT_BENCH_SCANS": str(log), "GT_BENCH_FOLDER": str(videos)}
    try:
        workers = contestant.start(folder, 1, 2, 0.0, extra)
        contestant.publish(count, "--batch-id", "bench")
        wait_for(lambda: contestant.made() >= count, f"{contestant.name} makes {count} stories")
        used = processor_seconds(workers)
    finally:
        contestant.stop()
    listed = len(log.read_text().splitlines()) if log.exists() else 0
    return {"scans": listed / count, "scans_processor": 1000 * used / count}


MEASURES: dict[str, Measure] = {"memory": memory, "scans": scans, "noop": noop, "makespan": makespan}
"""Those that take the longest come last, since a script may be stopped."""
OF_PEERS = {"noop", "makespan"}
ONCE = {"memory", "scans"}
"""Measures that hardly differ from run to run."""
QUICK = ("memory", "noop", "makespan")
QUICK_PEERS = ("celery", "dramatiq")
SHOWN = {
    "noop_rate": ("no-op stories, list to report", "stories/s", "more"),
    "noop_steady": ("no-op stories, first report to last", "stories/s", "more"),
    "noop_processor": ("no-op story, processor time", "ms", "less"),
    "makespan": ("makespan of stories of 0.3 s, bound over time", "share", "more"),
    "idle_slot_memory": ("idle slot of 50, memory", "MB (PSS)", "less"),
    "processes": ("processes with 50 slots", "processes", "less"),
    "scans": ("scans of a folder of 20,000 videos, a story", "scans", "less"),
    "scans_processor": ("story beside 20,000 videos, processor time with the start", "ms", "less"),
}
GOALS = {
    "noop_rate": {"celery": "ratio >= 1", BEFORE: "ratio >= 4"},
    "noop_processor": {BEFORE: "ratio >= 4"},
    "makespan": {"dramatiq": "ratio >= 0.95"},
    "idle_slot_memory": {BEFORE: "ratio >= 2"},
    # One a worker, when it starts.
    "scans": {OURS: "<= 0.01", BEFORE: "<= 0.01"},
}


def contestants(name: str, asked: argparse.Namespace) -> Iterator[Contestant]:
    """Yield those who take part in a measure."""
    yield Fleet(OURS, asked.broker, CHECKOUT)
    if asked.against:
        yield Fleet(BEFORE, asked.broker, asked.against.resolve())
    for peer in asked.peers if name in OF_PEERS else ():
        if importlib.util.find_spec(PEERS[peer]):
            yield Peer(peer, asked.broker)


def measure(name: str, asked: argparse.Namespace, folder: Path) -> bool:
    """Run a measure in alternating runs and print its figures. Return whether all took part.

    Raises:
        ContestantError, TimeoutError: this checkout itself failed
    """
    found: dict[str, dict[str, list[float]]] = {}
    failed: set[str] = set()
    for number in range(1 if name in ONCE else asked.rounds):
        for contestant in contestants(name, asked):
            place = folder / f"{name}-{number}-{contestant.name}"
            try:
                figures = MEASURES[name](contestant, place, asked)
            except (ContestantError, TimeoutError) as error:
                if contestant.name == OURS:
                    raise
                print(f"{name}: {contestant.name} is left out: {error}", file=sys.stderr)
                failed.add(contestant.name)
                continue
            for what, value in figures.items():
                found.setdefault(what, {}).setdefault(contestant.name, []).append(value)
            remove(place)
    for what, of_each in found.items():
        values = {who: numbers for who, numbers in of_each.items() if who not in failed}
        show(*SHOWN[what], values, goal=GOALS.get(what, ""))
    return not failed


def main() -> int:
    """Measure what was asked for."""
    parser = arguments(__doc__, rounds=2)
    parser.add_argument("--only", type=lambda text: text.split(","))
    parser.add_argument("--peers", type=lambda text: [n for n in text.split(",") if n])
    parser.add_argument(
        "--broker", default=os.environ.get("GT_AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/")
    )
    asked = parser.parse_args()
    asked.rounds = 1 if asked.quick else asked.rounds
    asked.only = asked.only or list(QUICK if asked.quick else MEASURES)
    asked.peers = list(QUICK_PEERS if asked.quick else PEERS) if asked.peers is None else asked.peers
    with tempfile.TemporaryDirectory(prefix="gt-bench-") as folder:
        complete = [measure(name, asked, Path(folder)) for name in asked.only]
    return 0 if all(complete) else 1


if __name__ == "__main__":
    sys.exit(main())
