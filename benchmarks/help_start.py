"""How long `--help` of each command takes, as a multiple of the start of bare Python (`python -c pass`).

    .venv/bin/python benchmarks/help_start.py [REPEATS]

The commands take turns, so that a load on the machine hits all alike; shown are medians of the processor time
(user and system) and of the elapsed time. Exit code 1 if a command needs more than 12 times bare Python.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from importlib.metadata import entry_points
from pathlib import Path
from statistics import median

MOST = 12.0
REPEATS = 15
BIN = Path(sys.executable).parent


def measure(arguments: list[str]) -> tuple[float, float]:
    """Run a program; return its seconds of processor time and of elapsed time."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(arguments, stdout=subprocess.DEVNULL, check=True)
    elapsed, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, elapsed


def main() -> int:
    """Print a line per command; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "repeats", nargs="?", type=int, default=REPEATS, help="runs of each (default: %(default)s)"
    )
    repeats = parser.parse_args().repeats
    points = entry_points(group="console_scripts")
    ours = sorted(point.name for point in points if point.value.startswith("gt_"))
    programs = {"python -c pass": [sys.executable, "-c", "pass"]}
    programs |= {name: [str(BIN / name), "--help"] for name in ours}
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
    for _ in range(repeats):
        for name, arguments in programs.items():
            times[name].append(measure(arguments))
    medians = {
        name: (median(cpu for cpu, _ in taken), median(wall for _, wall in taken))
        for name, taken in times.items()
    }
    base = medians["python -c pass"]
    worst = 0.0
    print(f"{'':16}  {'processor':>16}  {'elapsed':>16}")
    for name, (cpu, wall) in medians.items():
        ratios = cpu / base[0], wall / base[1]
        worst = max(worst, *ratios)
        print(f"{name:16}  {cpu * 1000:6.0f} ms {ratios[0]:5.1f}x  {wall * 1000:6.0f} ms {ratios[1]:5.1f}x")
    print(f"worst: {worst:.1f}x bare Python; the limit is {MOST:g}x")
    return int(worst > MOST)


if __name__ == "__main__":
    raise SystemExit(main())
