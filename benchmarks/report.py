"""How long gt-report takes and how much memory it needs, by its form and the size of the batch.

    python benchmarks/report.py [--quick] [--large] [--against DIR]

A batch is put into a ledger; then every form runs, on a terminal of 120 x 40 or into /dev/null. `--against`
names a checkout of another version with its `.venv`: it gets a ledger of its own, and both run in turn.
Times are processor times, which other programs disturb less.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from bench.figures import BEFORE, OURS, alternate, arguments, show

HERE: Final = Path(__file__).resolve().parent.parent
BATCH: Final = "benchmark"
START: Final = datetime(2026, 3, 1, tzinfo=UTC)
GROUP: Final = 1_000
GOAL_AT: Final = 100_000
ONCE_FROM: Final = 10_000
MILLION: Final = 1_000_000
SMALL: Final = 5
FAILED: Final = 50
"""Every so many stories one fails."""


@dataclass(frozen=True)
class Run:
    """What a run of a command needed: processor seconds, and megabytes at most."""

    seconds: float
    megabytes: float


def fill(url: str, stories: int) -> None:
    """Put a batch into a ledger; runs in either version."""
    from gt_common.ledger import open_ledger
    from gt_common.messages import BatchOpened

    with open_ledger(url) as ledger:
        ledger.apply([BatchOpened(batch_id=BATCH, total=stories, at=START)])
        for first in range(1, stories + 1, GROUP):
            ledger.apply(list(events(range(first, min(first + GROUP, stories + 1)))))


def events(numbers: range) -> Iterator[object]:
    """Yield the list of some stories, and what happened to them."""
    from gt_common.failures import Failure
    from gt_common.messages import BatchStories, StoryEntry, StoryFailed, StoryStarted, StorySucceeded

    url = "https://www.reddit.com/r/AmItheAsshole/comments/{:x}/my_sister_and_the_wedding/"
    lines = tuple(StoryEntry(story_id=f"story-{n}", position=n, url=url.format(n)) for n in numbers)
    yield BatchStories(batch_id=BATCH, stories=lines)
    for number in numbers:
        begun = START + timedelta(seconds=number / 10)
        fields: dict[str, object] = {
            "batch_id": BATCH,
            "story_id": f"story-{number}",
            "position": number,
            "url": url.format(number),
            "worker": f"worker-{number % 4}",
            "started_at": begun,
        }
        yield StoryStarted.model_validate(fields | {"at": begun})
        fields |= {"at": begun + timedelta(seconds=30), "duration_s": 20.0 + number % 17}
        if number % FAILED:
            path = f"/srv/outputs/{BATCH}/{number:06}-my-sister-and-the-wedding.mp4"
            yield StorySucceeded.model_validate(fields | {"output_path": path, "video_s": 61.0})
        else:
            kind = ("TimeoutError", "PermanentError", "OSError")[number % 3]
            failure = Failure(type=kind, message=f"the voice took over {number} s", traceback="line\n" * 40)
            yield StoryFailed.model_validate(fields | {"failure": failure})


def run(checkout: Path, url: str, *arguments: str, terminal: bool = False) -> Run:
    """Run a checkout's gt-report."""
    command = [str(checkout / ".venv" / "bin" / "gt-report"), *arguments]
    environment = {name: text for name, text in os.environ.items() if not name.startswith("GT_")}
    environment |= {"GT_LEDGER_URL": url, "TERM": "xterm-256color"}
    with _output(terminal) as descriptor:
        process = os.posix_spawn(
            command[0],
            command,
            environment,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, descriptor, 1),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
            ],
        )
        _, _, usage = os.wait4(process, 0)
    return Run(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


@contextmanager
def _output(terminal: bool) -> Iterator[int]:
    """Yield where a command writes to: nowhere, or a terminal whose text is dropped."""
    if not terminal:
        descriptor = os.open(os.devnull, os.O_WRONLY)
        yield descriptor
        os.close(descriptor)
        return
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    reader = threading.Thread(target=_drain, args=(ours,), daemon=True)
    reader.start()
    yield theirs
    os.close(theirs)
    reader.join()
    os.close(ours)


def _drain(descriptor: int) -> None:
    try:
        while os.read(descriptor, 65536):
            pass
    except OSError:  # Linux: the last program has closed the terminal
        return


def idle_share(url: str, seconds: float) -> float:
    """Return the share of a core that `--watch` needs while nothing happens."""
    command = [str(HERE / ".venv" / "bin" / "gt-report"), BATCH, "--watch"]
    environment = {name: text for name, text in os.environ.items() if not name.startswith("GT_")}
    silent = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
    process = os.posix_spawn(command[0], command, environment | {"GT_LEDGER_URL": url}, file_actions=silent)
    try:
        time.sleep(4)  # the first look
        begun = _ticks(process)
        time.sleep(seconds)
        return (_ticks(process) - begun) / os.sysconf("SC_CLK_TCK") / seconds
    finally:
        os.kill(process, 9)
        os.wait4(process, 0)


def _ticks(process: int) -> int:
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


@dataclass(frozen=True)
class Sides:
    """The checkouts that are compared, each with a ledger of its own in a folder."""

    checkouts: Mapping[str, Path]
    folder: Path

    def url(self, name: str, stories: int) -> str:
        """Return the address of a ledger."""
        return f"sqlite:///{self.folder / f'{name}-{stories}.db'}"

    def page(self, name: str) -> Path:
        """Return where a side writes its page."""
        return self.folder / f"{name}.html"

    def fill(self, stories: int) -> None:
        """Make the ledger of each side."""
        for name, checkout in self.checkouts.items():
            python = str(checkout / ".venv" / "bin" / "python")
            subprocess.run([python, __file__, "--fill", self.url(name, stories), str(stories)], check=True)

    def compare(self, form: Form, stories: int, rounds: int, goal: str = "") -> Run:
        """Run a form of the report by all sides in turn, print its figures and return our medians."""

        def made_by(name: str) -> Callable[[], Run]:
            options = [text.format(page=self.page(name)) for text in form.options]
            url = self.url(name, stories)
            return lambda: run(self.checkouts[name], url, BATCH, *options, terminal=form.terminal)

        found = alternate({name: made_by(name) for name in self.checkouts}, rounds)
        times = {name: [one.seconds for one in runs] for name, runs in found.items()}
        sizes = {name: [one.megabytes for one in runs] for name, runs in found.items()}
        show(f"{form.name}, of {stories:,}", "s", "less", times, goal=goal, series=form.name, size=stories)
        memory = f"{form.name}, memory"
        bound = "<= 150" if stories >= 1_000 else ""
        show(f"{memory}, of {stories:,}", "MB", "less", sizes, goal=bound, series=memory, size=stories)
        return Run(statistics.median(times[OURS]), statistics.median(sizes[OURS]))


@dataclass(frozen=True)
class Form:
    """A form of the report.

    Parameters:
        goal: at 100,000 stories
    """

    name: str
    options: tuple[str, ...]
    goal: str = ""
    terminal: bool = False


TABLE: Final = Form("table on a terminal", (), "ratio >= 20", terminal=True)
EXIT_STATUS: Final = Form("exit status", ("--exit-status",))
JSON: Final = Form("JSON", ("--json",), "ratio >= 5")
CSV: Final = Form("CSV", ("--csv",))
WHOLE_PAGE: Final = Form("page", ("--html", "{page}"), "ratio >= 10")


def measure(sides: Sides, sizes: Sequence[int], rounds: int) -> None:
    """Measure every form at several sizes."""
    for stories in sizes:
        sides.fill(stories)
        few = rounds if stories < ONCE_FROM else 1
        for form in (TABLE, EXIT_STATUS, JSON, CSV, WHOLE_PAGE):
            # An older version needs minutes for a large batch: it makes only what has a goal beside it.
            who = sides if form.goal or stories < GOAL_AT else Sides({OURS: HERE}, sides.folder)
            who.compare(form, stories, few, form.goal if stories == GOAL_AT else "")


def measure_million(ours: Sides) -> None:
    """Measure the forms that are to be read at a million stories, and what the table costs beside them."""
    ours.fill(MILLION)
    table = ours.compare(TABLE, MILLION, 1)
    ours.compare(EXIT_STATUS, MILLION, 1, "<= 1")
    whole = ours.compare(JSON, MILLION, 1)
    ours.compare(CSV, MILLION, 1)
    share = {OURS: [table.seconds / whole.seconds]}
    show(f"table over JSON, of {MILLION:,}", "x", "less", share, goal="<= 0.05")


def measure_others(sides: Sides, largest: int) -> None:
    """Measure a small batch, the size of the page, and a look at nothing new."""
    sides.fill(SMALL)
    sides.compare(Form("table", ()), SMALL, 5, "ratio >= 2")
    pages = {name: [sides.page(name).stat().st_size / 1e6] for name in sides.checkouts}
    show(f"size of the page, of {largest:,}", "MB", "less", pages)
    # Its batch is made open again by a list that announces one story more.
    url = sides.url(OURS, largest)
    reopen(url, largest)
    show("watch with nothing new", "of a core", "less", {OURS: [idle_share(url, 10)]}, goal="<= 0.01")


def reopen(url: str, stories: int) -> None:
    """Announce one story more, so that the batch is not finished."""
    from gt_common.ledger import open_ledger
    from gt_common.messages import BatchOpened

    with open_ledger(url) as ledger:
        ledger.apply([BatchOpened(batch_id=BATCH, total=stories + 1, at=START + timedelta(seconds=1))])


def main() -> int:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument("--fill", nargs=2, metavar=("URL", "STORIES"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.fill:
        fill(given.fill[0], int(given.fill[1]))
        return 0
    sizes = (2_000,) if given.quick else (1_000, 10_000, GOAL_AT)
    checkouts = {OURS: HERE} | ({BEFORE: given.against} if given.against else {})
    with tempfile.TemporaryDirectory() as folder:
        sides = Sides(checkouts, Path(folder))
        measure(sides, sizes, 1 if given.quick else given.rounds)
        measure_others(sides, sizes[-1])
        if given.large:
            measure_million(Sides({OURS: HERE}, Path(folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
