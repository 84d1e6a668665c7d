"""How fast the studio makes a video, its processor time and its memory; beside another checkout's.

    python benchmarks/studio.py [--story examples/the-parking-spot.md] [--quick] [--against DIR]

Each round makes the video once by every checkout, in turn. Measures are seconds of video per second,
processor seconds per second of video, greatest memory of all processes (PSS), and how similar the frames of
two runs of ours are (SSIM of the least similar one), which must be the same. The pictures of revisions before
2026-11-28 are other ones, fewer and without an end card, so frames are not compared with those.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.figures import BEFORE, OURS, alternate, arguments, show
from gt_consumer.studio.encode import ffmpeg_program

HERE = Path(__file__).resolve().parents[1]
# Runs in both checkouts; older ones take no folders that may be read.
MAKE = """
import inspect, json, sys
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from gt_consumer.studio.pipeline import make_video
story, folder, options = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
roots = {"roots": [story.parent]} if "roots" in inspect.signature(make_video).parameters else {}
made = make_video(story.as_uri(), folder, options, lambda *_: None, **roots)
used = [getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN)]
print(json.dumps([str(made.path), made.duration, sum(u.ru_utime + u.ru_stime for u in used)]))
"""


@dataclass(frozen=True)
class Made:
    """A video and what it took: seconds of video and of time, processor seconds, bytes of memory."""

    path: Path
    duration: float
    wall: float
    processor: float
    memory: float


def make(checkout: Path, story: Path, folder: Path, options: dict[str, object]) -> Made:
    """Make a video with a checkout's own environment."""
    command = [checkout / ".venv/bin/python", "-c", MAKE, story, folder, json.dumps(options)]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        peaks = [0.0]
        watcher = threading.Thread(target=watch, args=(process.pid, peaks))
        watcher.start()
        out, _ = process.communicate()
        watcher.join()
    if process.returncode:
        sys.exit(f"{checkout}: no video, exit code {process.returncode}")
    path, duration, processor = json.loads(out.splitlines()[-1])
    return Made(Path(path), duration, time.perf_counter() - began, processor, peaks[0])


def watch(pid: int, peaks: list[float]) -> None:
    """Note the greatest memory that a process and its children have together, until it ends."""
    try:
        while (process := psutil.Process(pid)).status() != psutil.STATUS_ZOMBIE:
            family = [process, *process.children(recursive=True)]
            peaks[0] = max(peaks[0], sum(pss(member) for member in family))
            time.sleep(0.2)
    except psutil.NoSuchProcess:
        return


def pss(process: psutil.Process) -> float:
    """Return a process's share of memory in bytes."""
    try:
        return float(process.memory_full_info().pss)
    except psutil.Error:
        return 0.0


def least_similarity(a: Path, b: Path, folder: Path) -> float:
    """Return the SSIM of the pair of frames that differ most."""
    stats = folder / "ssim.txt"
    graph = f"ssim=stats_file={stats}"
    command = [ffmpeg_program(), "-v", "error", "-i", a, "-i", b, "-lavfi", graph, "-f", "null", "-"]
    subprocess.run(command, check=True)
    return min(float(found) for found in re.findall(r"All:([0-9.]+)", stats.read_text()))


def main() -> None:
    """Measure."""
    parser = arguments(__doc__, rounds=2)
    parser.add_argument("--story", type=Path, default=HERE / "examples" / "the-parking-spot.md")
    given = parser.parse_args()
    options: dict[str, object] = {"max_words": 30} if given.quick else {}
    checkouts = {OURS: HERE} | ({BEFORE: given.against.resolve()} if given.against else {})
    story = given.story.resolve()
    with tempfile.TemporaryDirectory() as name:

        def made_by(checkout: Path) -> Callable[[], Made]:
            return lambda: make(checkout, story, Path(tempfile.mkdtemp(dir=name)), options)

        sides = {side: made_by(checkout) for side, checkout in checkouts.items()}
        report(alternate(sides, 1 if given.quick else given.rounds), Path(name))


def report(made: dict[str, list[Made]], folder: Path) -> None:
    """Print all measures of our videos, and of the other checkout's if there are any."""

    def of(number: Callable[[Made], float]) -> dict[str, list[float]]:
        return {side: [number(one) for one in some] for side, some in made.items()}

    show("speed", "video s/s", "more", of(lambda m: m.duration / m.wall), goal="ratio >= 1.3")
    show("processor time", "s/video s", "less", of(lambda m: m.processor / m.duration), goal="ratio >= 1.25")
    show("memory", "MB (PSS)", "less", of(lambda m: m.memory / 1e6), goal="<= 500")
    if len(made[OURS]) > 1:
        similar = least_similarity(made[OURS][0].path, made[OURS][1].path, folder)
        show("least similar frames of two runs", "SSIM", "more", {OURS: [similar]}, goal=">= 1")


if __name__ == "__main__":
    main()
