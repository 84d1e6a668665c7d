"""Starts a command, unchanged, that dies at a chosen call or has a wrong clock.

    python -m chaos.support.crashing --at gt_common.ledger.ledger:Ledger.apply:after:1 -- gt-aggregate …
    python -m chaos.support.crashing --clock -3600 -- gt-consume …
    python -m chaos.support.crashing --planted "ack on arrival" -- gt-consume …

A point is `module:function:before|after:n[:Type]`: at the n-th call (of those whose first argument is of that
type, if one is given) the process kills itself with SIGKILL. `confirm:EXCHANGE:before:n` is when the n-th
confirm of a publish to that exchange (named without its namespace) has arrived and nobody knows of it yet.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import inspect
import os
import signal
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from importlib.metadata import entry_points
from itertools import repeat
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
    if point.module == "confirm":
        arm_confirm(point)
        return
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


class _Confirmations(OrderedDict[int, Any]):
    """The confirms that a channel waits for, with the exchanges of their publishes."""

    def __init__(self) -> None:
        super().__init__()
        self.exchanges: dict[int, str] = {}

    def __setitem__(self, tag: int, confirmation: Any) -> None:
        self.exchanges[tag] = next(_publishing.get() or iter(()), "")
        super().__setitem__(tag, confirmation)


_publishing: ContextVar[Iterator[str] | None] = ContextVar("exchanges of what is published", default=None)


def arm_confirm(point: Point) -> None:
    """Make the process die when a confirm of a publish to an exchange has arrived."""
    from aiormq.channel import Channel

    from gt_common.messaging.pipeline import Pipeline

    publish, send = Channel.basic_publish, Pipeline.send
    confirmed, left = Channel._on_confirm_frame, point.number

    @contextmanager
    def recording(channel: Channel, exchanges: Iterator[str]) -> Iterator[None]:
        if not isinstance(channel.confirmations, _Confirmations):
            channel.confirmations = _Confirmations()
        token = _publishing.set(exchanges)
        try:
            yield
        finally:
            _publishing.reset(token)

    async def recorded(channel: Channel, body: bytes, **named: Any) -> Any:
        with recording(channel, repeat(str(named.get("exchange", "")))):
            return await publish(channel, body, **named)

    async def recorded_group(pipeline: Pipeline, messages: Any, settled: Any) -> None:
        with recording(pipeline.channel, iter([message.exchange for _, message in messages])):
            await send(pipeline, messages, settled)

    async def deadly(channel: Channel, frame: Any) -> None:
        nonlocal left
        known = getattr(channel.confirmations, "exchanges", {})
        last, several = frame.delivery_tag, getattr(frame, "multiple", False)
        tags = [tag for tag in known if tag == last or (several and tag < last)]
        left -= sum(known.pop(tag).endswith(f".{point.path}") for tag in tags)
        if left <= 0:
            die()
        await confirmed(channel, frame)

    for name, changed in (("basic_publish", recorded), ("_on_confirm_frame", deadly)):
        setattr(Channel, name, changed)
    Pipeline.send = recorded_group  # type: ignore[assignment]


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
