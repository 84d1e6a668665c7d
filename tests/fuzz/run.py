"""Coverage-guided fuzzing of every parser in turn: `make fuzz`, FUZZ_SECONDS for all of them together.

Each parser runs in a process of its own, because the fuzzer ends its process. What breaks one is
written to `.fuzz/` and printed; the exit code is then 1.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import atheris

if len(sys.argv) > 1:
    with atheris.instrument_imports(include=["gt_common", "gt_consumer", "gt_producer"]):
        from fuzz.targets import OURS, TARGETS
else:
    from fuzz.targets import OURS, TARGETS

FOUND = Path(".fuzz")
LONGEST_INPUT = 4096


def fuzz_one(name: str, seconds: int) -> None:
    """Fuzz one parser; ends the process."""
    target = TARGETS[name]

    def once(data: bytes) -> None:
        try:
            target.run(data)
        except OURS:
            return

    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(target.seeds):
            (Path(corpus) / str(number)).write_bytes(seed)
        options = [f"-max_total_time={seconds}", f"-max_len={LONGEST_INPUT}", "-print_final_stats=1"]
        options += [
            "-timeout=10",
            "-rss_limit_mb=1500",
            f"-artifact_prefix={FOUND}/{name.replace(' ', '-')}-",
        ]
        atheris.Setup([sys.argv[0], *options, corpus], once)
        atheris.Fuzz()


def fuzz_all(seconds: int) -> int:
    """Fuzz all parsers. Return how many broke."""
    FOUND.mkdir(exist_ok=True)
    share = max(1, seconds // len(TARGETS))
    broken = 0
    for name in TARGETS:
        run = subprocess.run(
            [sys.executable, __file__, name, str(share)], capture_output=True, text=True, errors="replace"
        )
        tried = next((line.split()[-1] for line in run.stderr.splitlines() if "number_of_exec" in line), "?")
        print(f"{name:<16} {tried:>9} inputs  {'ok' if run.returncode == 0 else 'BROKEN'}", flush=True)
        if run.returncode:
            broken += 1
            print(f"{run.stdout}\n{run.stderr}"[-4000:], file=sys.stderr)
    return broken


if __name__ == "__main__":
    if len(sys.argv) == 3:
        fuzz_one(sys.argv[1], int(sys.argv[2]))
    sys.exit(1 if fuzz_all(int(os.environ.get("FUZZ_SECONDS", "60"))) else 0)
