"""Starts a command, unchanged, that dies at a chosen call or has a wrong clock.

    python -m chaos.support.crashing --at gt_common.ledger.ledger:Ledger.apply:after:1 -- gt-aggregate …
    python -m chaos.support.crashing --clock -3600 -- gt-consume …
    python -m chaos.support.crashing --planted "ack on arrival" -- gt-consume …

A point is `module:function:before|after:n[:Type]`: at the n-th call (of those whose first argument is of that
type, if one is given) the process kills itself with SIGKILL.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import inspect
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from importlib.metadata import entry_points
from typing import Any, Self

from chaos.support.planted import PLANTED


@dataclass(frozen=True)
class Point:
    """Where to die."""

    module: str
    path: str
    side: str
    number: int
    kind: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `module:function:before|after:n[:Type]`."""
        module, path, side, number, *kind = text.split(":")
        return cls(module, path, side, int(number), *kind)


def die() -> None:
    """End immediately, as if killed from outside: nothing is flushed, closed or sent."""
    os.kill(os.getpid(), signal.SIGKILL)


def arm(point: Point) -> None:
    """Make the process die at a point."""
    *outer, name = point.path.split(".")
    holder = functools.reduce(getattr, outer, importlib.import_module(point.module))
    setattr(holder, name, _deadly(getattr(holder, name), point))


def _deadly(call: Callable[..., Any], point: Point) -> Callable[..., Any]:
    seen = 0

    def counts(arguments: tuple[object, ...]) -> bool:
        nonlocal seen
        if point.kind and point.kind not in {type(argument).__name__ for argument in arguments}:
            return False
        seen += 1
        return seen == point.number

    if inspect.iscoroutinefunction(call):

        @functools.wraps(call)
        async def deadly(*arguments: Any, **named: Any) -> Any:
            now = counts(arguments)
            if now and point.side == "before":
                die()
            result = await call(*arguments, **named)
            if now:
                die()
            return result

        return deadly

    @functools.wraps(call)
    def deadly_plain(*arguments: Any, **named: Any) -> Any:
        now = counts(arguments)
        if now and point.side == "before":
            die()
        result = call(*arguments, **named)
        if now:
            die()
        return result

    return deadly_plain


def shift_clock(seconds: float) -> None:
    """Shift the clock by which this process dates its messages."""
    # The package only passes utc_now on; its clock is in the module that defines it.
    messages = importlib.import_module("gt_common.messages")
    module = importlib.import_module(messages.utc_now.__module__)

    class Shifted(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + timedelta(seconds=seconds)

    vars(module)["datetime"] = Shifted


def main(arguments: list[str]) -> None:
    """Set up what was requested and run the command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--at", type=Point.parse, action="append", default=[])
    parser.add_argument("--clock", type=float, default=0.0)
    parser.add_argument("--planted", choices=PLANTED)
    parser.add_argument("command", nargs="+")
    asked = parser.parse_args(arguments)
    if asked.clock:
        shift_clock(asked.clock)
    if asked.planted:
        PLANTED[asked.planted].plant()
    for point in asked.at:
        arm(point)
    name, *rest = asked.command
    (script,) = entry_points(group="console_scripts", name=name)
    sys.argv = [name, *rest]
    sys.exit(script.load()())


if __name__ == "__main__":
    main(sys.argv[1:])
