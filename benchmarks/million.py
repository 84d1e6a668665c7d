"""A large batch through every command: time, memory over time, how it stops and how it goes on after a kill.

    .venv/bin/python benchmarks/million.py [--quick] [--large]

One list is published (killed once, stopped once), the results of its stories are stored, the batch is
reported, and a fifth of its stories are dead letters that are listed and replayed. With --large it has a
million stories, otherwise 100,000. The broker is that of GT_AMQP_URL; take one of your own.
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from bench.figures import OURS, arguments, show
from bench.fleets import Routed, fleet, put
from bench.watched import LOOK_S, Watched
from gt_common.failures import Failure
from gt_common.messages import AttemptError, StoryMessage, StorySucceeded, encode
from gt_common.messaging.names import Names
from gt_common.messaging.topology import inspect
from gt_common.settings import load_settings
from gt_common.stories.urls import canonical_of, story_ids

BIN: Final = Path(sys.executable).parent
BATCH: Final = "20260301-120000-whole"
DEAD: Final = "20260301-120000-dead"
START: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
POINTS: Final = 12
"""Moments of each curve of memory."""
FEW_SAMPLES: Final = 4
"""With fewer looks at its memory, nothing is said of a command that ended so soon."""
PATIENCE_S: Final = 900.0


def link(number: int) -> str:
    """Return the link of a story."""
    return f"https://www.reddit.com/r/AmItheAsshole/comments/{number:06x}/aita_for_title_{number}/"


class Fleet:
    """A namespace of the broker with a ledger, and what is measured in it."""

    def __init__(self, environment: Mapping[str, str], stories: int) -> None:
        self.environment = environment
        self.stories = stories
        self._settings = load_settings(
            namespace=environment["GT_NAMESPACE"], amqp_url=environment["GT_AMQP_URL"]
        )

    def depth(self, queue: str) -> int:
        """Return how many messages are ready in a queue."""
        found = asyncio.run(inspect(self._settings, [queue]))
        return found[0].messages or 0

    @property
    def queue(self) -> str:
        """Name of the queue of stories."""
        return Names(self._settings.namespace).stories

    def command(self, *words: str) -> Watched:
        """Start a command."""
        return Watched([BIN / words[0], *words[1:]], self.environment)

    def run(self, what: str, *words: str) -> Watched:
        """Run a command to its end, and print its time and memory."""
        with self.command(*words) as watched:
            code = watched.wait(PATIENCE_S)
        if code not in (0, 1):
            raise RuntimeError(f"{' '.join(words)} ended with {code}")
        self.tell(what, watched)
        return watched

    def tell(self, what: str, watched: Watched, most_mb: str = "") -> None:
        """Print the figures of a command that has ended."""
        show(f"{what}", "s", "less", {OURS: [watched.ended_after]})
        if len(watched.samples) < FEW_SAMPLES:
            return
        show(f"{what}, memory", "MB", "less", {OURS: [watched.peak]}, goal=most_mb)
        series = f"memory of {what} by seconds"
        for second, megabytes in watched.curve(POINTS):
            show(series, "MB", "less", {OURS: [megabytes]}, series=series, size=second, only_plot=True)


def wait_for(condition: Callable[[], bool], watched: Watched) -> None:
    """Wait until a condition holds while a command runs.

    Raises:
        RuntimeError: the command ended before
    """
    while not condition():
        if watched.process.poll() is not None:
            raise RuntimeError(f"it ended with {watched.process.returncode} too early")
        time.sleep(LOOK_S / 2)


def publish(fleet: Fleet, listed: Path) -> None:
    """Publish the list: killed after a third, stopped after two thirds, then to its end."""
    words = ("gt-produce", "-f", str(listed), "--batch-id", BATCH)
    count = f"{fleet.stories:,}"
    with fleet.command(*words) as first:
        wait_for(lambda: fleet.depth(fleet.queue) > fleet.stories // 3, first)
    stored = settled_depth(fleet)
    with fleet.command(*words) as second:
        wait_for(lambda: fleet.depth(fleet.queue) > stored, second)
        show(
            f"gt-produce of {count}, processor time from a kill to the next publish",
            "s",
            "less",
            {OURS: [second.processor]},
            goal="<= 10" if fleet.stories >= 1_000_000 else "",
        )
        wait_for(lambda: fleet.depth(fleet.queue) > fleet.stories * 2 // 3, second)
        begun = time.monotonic()
        second.process.send_signal(signal.SIGTERM)
        second.wait(PATIENCE_S)
        show(
            f"gt-produce of {count}, stops after SIGTERM",
            "s",
            "less",
            {OURS: [time.monotonic() - begun]},
            goal="<= 2",
        )
    with fleet.command(*words) as third:
        if (code := third.wait(PATIENCE_S)) != 0:
            raise RuntimeError(f"gt-produce ended with {code}")
    fleet.tell(f"gt-produce of {count}, the last third", third, "<= 400")
    silence = max(one.longest_silence for one in (first, second, third))
    show(f"gt-produce of {count}, longest silence", "s", "less", {OURS: [silence]}, goal="<= 11")
    if (found := settled_depth(fleet)) != fleet.stories:
        print(f"{found - fleet.stories} stories are in the queue twice after the kill", file=sys.stderr)


def settled_depth(fleet: Fleet) -> int:
    """Return the number of messages in the queue once it no longer grows."""
    before, now = -1, fleet.depth(fleet.queue)
    while now != before:
        time.sleep(2 * LOOK_S)
        before, now = now, fleet.depth(fleet.queue)
    return now


def results(stories: int) -> Iterator[Routed]:
    """Yield one success for each story."""
    id_of = story_ids(BATCH)
    for number in range(1, stories + 1):
        event = StorySucceeded(
            batch_id=BATCH,
            story_id=id_of(canonical_of(link(number)) or ""),
            position=number,
            url=link(number),
            at=START + timedelta(seconds=number),
            worker="worker-1",
            output_path=f"/videos/{number}.mp4",
        )
        yield "results", f"{BATCH}.{event.type}", encode(event)


def letters(count: int) -> Iterator[Routed]:
    """Yield dead letters; the key leads to the queue of letters and to that of the ledger."""
    failure = Failure(
        type="TimeoutError", message="no answer", stage="narration", traceback="  File x\n" * 20
    )
    for number in range(1, count + 1):
        url = f"https://www.reddit.com/comments/{number:x}/"
        story = StoryMessage(
            batch_id=DEAD, story_id=f"story-{number:06}", position=number, url=url, canonical_url=url
        )
        ended = START + timedelta(seconds=number)
        error = AttemptError(failure=failure, generation=1, attempt=3, worker="worker-1", ended_at=ended)
        yield "dlx", "story", encode(story.dead(error))


def store_and_report(fleet: Fleet) -> None:
    """Store the results of all stories, and report on the batch."""
    count = f"{fleet.stories:,}"
    put(results(fleet.stories), fleet.environment)
    fleet.run(f"gt-aggregate of {count} results", "gt-aggregate", "--until-idle")
    fleet.run(f"gt-report of {count}", "gt-report", BATCH)
    fleet.run(f"gt-report --exit-status of {count}", "gt-report", BATCH, "--exit-status")


def replay_letters(fleet: Fleet, count: int) -> None:
    """Put letters into the queue and the ledger, list them, and replay all."""
    put(letters(count), fleet.environment)
    fleet.run(f"gt-aggregate of {count:,} dead letters", "gt-aggregate", "--until-idle")
    fleet.run(f"gt-dlq list --limit 20 of {count:,}", "gt-dlq", "list", "--limit", "20")
    before = fleet.depth(fleet.queue)
    begun = time.monotonic()
    with fleet.command("gt-dlq", "replay", "--batch", DEAD, "-y") as watched:
        wait_for(lambda: fleet.depth(fleet.queue) > before, watched)
        first = time.monotonic() - begun
        if (code := watched.wait(PATIENCE_S)) != 0:
            raise RuntimeError(f"gt-dlq replay ended with {code}")
    show(f"gt-dlq replay of {count:,}, first story published", "s", "less", {OURS: [first]}, goal="<= 5")
    fleet.tell(f"gt-dlq replay of {count:,}", watched, "<= 150")
    show(
        f"gt-dlq replay of {count:,}, longest silence",
        "s",
        "less",
        {OURS: [watched.longest_silence]},
        goal="<= 6",
    )


def main() -> None:
    """Measure and print."""
    given = arguments(__doc__, rounds=1).parse_args()
    stories = 20_000 if given.quick else 1_000_000 if given.large else 100_000
    with tempfile.TemporaryDirectory() as folder, fleet(BIN) as environment:
        listed = Path(folder) / "urls.txt"
        listed.write_text("".join(f"{link(number)}\n" for number in range(1, stories + 1)))
        whole = Fleet(environment, stories)
        publish(whole, listed)
        store_and_report(whole)
        subprocess.run(
            [BIN / "gt-topology", "delete", "-y"], env=environment, check=True, capture_output=True
        )
        subprocess.run([BIN / "gt-topology", "declare"], env=environment, check=True, capture_output=True)
        replay_letters(whole, stories // 5)


if __name__ == "__main__":
    main()
