"""How long gt-dlq takes to list and to replay many dead letters, and its memory.

    python benchmarks/deadletters.py [--quick] [--against DIR]

The letters are put into the queue, and into the ledger by gt-aggregate. Times are elapsed times, since
replaying waits for the broker. The broker is that of GT_AMQP_URL; take one of your own.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from bench.figures import BEFORE, OURS, alternate, arguments, show
from bench.fleets import Routed, fleet, put
from gt_common.failures import Failure
from gt_common.messages import AttemptError, StoryMessage, encode

HERE: Final = Path(__file__).resolve().parents[1]
BATCH: Final = "20260301-120000-dead"
START: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
KINDS: Final = ("TimeoutError", "OSError", "ValueError")
PATIENCE_S: Final = 250.0


class Run(NamedTuple):
    """Elapsed seconds of a command, and megabytes at most."""

    seconds: float
    megabytes: float


def letters(count: int) -> Iterator[Routed]:
    """Yield dead letters; the key leads to the queue of letters and to that of the ledger."""
    for number in range(1, count + 1):
        url = f"https://www.reddit.com/comments/{number:x}/"
        story = StoryMessage(
            batch_id=BATCH,
            story_id=f"story-{number:06}",
            position=number,
            url=url,
            canonical_url=url,
            options={},
            published_at=START,
        )
        ended = START + timedelta(seconds=number)
        kind = KINDS[number % len(KINDS)]
        failure = Failure(type=kind, message="no answer", stage="narration", traceback="  File x\n" * 20)
        error = AttemptError(
            failure=failure,
            generation=1,
            attempt=3,
            worker="worker-1",
            started_at=ended - timedelta(minutes=1),
            ended_at=ended,
        )
        yield "dlx", "story", encode(story.dead(error))


def run(program: Path, arguments: list[str], environment: Mapping[str, str]) -> Run:
    """Run a command without its output.

    Raises:
        RuntimeError: it failed
    """
    begun = time.perf_counter()
    silent = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
    process = os.posix_spawn(program, [program, *arguments], environment, file_actions=silent)
    _, status, usage = os.wait4(process, 0)
    if status:
        raise RuntimeError(f"{program.name} {' '.join(arguments)} ended with {status}")
    return Run(time.perf_counter() - begun, usage.ru_maxrss / 1024)


def main() -> None:
    """Measure and print."""
    given = arguments(__doc__, rounds=1).parse_args()
    count = 1_000 if given.quick else 20_000
    checkouts = {OURS: HERE} | ({BEFORE: given.against.resolve()} if given.against else {})
    folders = {name: checkout / ".venv" / "bin" for name, checkout in checkouts.items()}
    with ExitStack() as stack:
        fleets = {name: stack.enter_context(fleet(folder)) for name, folder in folders.items()}
        for name, folder in folders.items():
            put(letters(count), fleets[name])
            command = [folder / "gt-aggregate", "--until-idle"]
            subprocess.run(command, env=fleets[name], check=True, capture_output=True, timeout=PATIENCE_S)

        def of(name: str, arguments: list[str]) -> Callable[[], Run]:
            return lambda: run(folders[name] / "gt-dlq", arguments, fleets[name])

        def compare(what: str, arguments: list[str], rounds: int, goal: str) -> None:
            found = alternate({name: of(name, arguments) for name in folders}, rounds)
            times = {name: [one.seconds for one in runs] for name, runs in found.items()}
            sizes = {name: [one.megabytes for one in runs] for name, runs in found.items()}
            show(f"{what} of {count:,} letters", "s", "less", times, goal=goal)
            show(f"{what} of {count:,} letters, memory", "MB", "less", sizes)

        full = not given.quick
        compare("list --limit 20", ["list", "--limit", "20"], 3, "ratio >= 10" if full else "")
        compare("list", ["list"], given.rounds, "ratio >= 4" if full else "")
        # Once: afterwards the letters are gone.
        compare("replay", ["replay", "-y"], 1, "ratio >= 3" if full else "")


if __name__ == "__main__":
    main()
