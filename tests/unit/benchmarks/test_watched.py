"""A watched command: its memory over time, its longest silence, and its end."""

from __future__ import annotations

import os
import signal
import sys

from bench.watched import Watched
from support.waiting import until

SPEAKS_ONCE = """
import signal, sys
held = bytearray(64 << 20)
print("up", file=sys.stderr, flush=True)
signal.pause()
"""


async def test_memory_and_silence_are_seen() -> None:
    with Watched([sys.executable, "-c", SPEAKS_ONCE], os.environ) as watched:
        assert watched.processor >= 0
        await until(lambda: watched.peak > 64)
        seen = len(watched.samples)
        await until(lambda: len(watched.samples) >= seen + 3)
        watched.process.send_signal(signal.SIGTERM)
        assert watched.wait(30) == -signal.SIGTERM
    assert watched.peak > 64
    assert 1.0 < watched.longest_silence < watched.ended_after


def test_a_curve_has_few_points_in_the_order_of_time() -> None:
    with Watched([sys.executable, "-c", "raise SystemExit(3)"], os.environ) as watched:
        assert watched.wait(30) == 3
    watched.samples = [(number / 2, float(number)) for number in range(1000)]
    curve = watched.curve(10)
    assert len(curve) <= 12
    assert curve == sorted(curve)
    assert curve[-1] == (500, 999.0)


def test_a_command_is_ended_with_its_block() -> None:
    with Watched([sys.executable, "-c", "import signal; signal.pause()"], os.environ) as watched:
        pass
    assert watched.process.returncode == -9
