"""The timeline on a report's page: which worker ran which story when, as boxes to draw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gt_common.ledger.views import AttemptSpan
from gt_common.report.view import short_duration
from gt_common.texts import one_line, truncate

WIDTH = 1000
LABEL = 130
BAR = 18
GAP = 4
_CHARACTER = 6.3
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)
_MAX_TICKS = 8


@dataclass(frozen=True)
class _Run:
    """An attempt and where its bar ends."""

    span: AttemptSpan
    end: datetime

    @property
    def start(self) -> datetime:
        return self.span.started_at

    @property
    def worker(self) -> str:
        return one_line(self.span.worker or "?")


@dataclass(frozen=True)
class Bar:
    """The bar of an attempt; `kind` is its outcome, `text` what fits into the bar."""

    x: float
    y: float
    width: float
    kind: str
    text: str
    title: str


@dataclass(frozen=True)
class Tick:
    """A label at a position: a worker's name, or a time on the axis."""

    at: float
    text: str


@dataclass(frozen=True)
class Timeline:
    """Everything to draw, in units of a picture that is `WIDTH` wide and `height` high."""

    height: float
    bars: Sequence[Bar]
    workers: Sequence[Tick]
    ticks: Sequence[Tick]

    @property
    def kinds(self) -> list[str]:
        """The kinds of bars that occur, for the legend."""
        return sorted({bar.kind for bar in self.bars})


def lay_out(spans: Iterable[AttemptSpan], names: Mapping[str, str], now: datetime) -> Timeline | None:
    """Place each attempt: one row per slot of a worker, time from left to right.

    Parameters:
        names: what to call a story, by story id
        now: end of the bars of running attempts

    Returns:
        None if no attempt has started
    """
    runs = [_Run(span, max(span.ended_at or now, span.started_at)) for span in spans]
    if not runs:
        return None
    runs.sort(key=lambda run: (run.start, run.span.story_id))
    origin = runs[0].start
    length = max((max(run.end for run in runs) - origin).total_seconds(), 1.0)
    scale = (WIDTH - LABEL) / length
    bars: list[Bar] = []
    workers: list[Tick] = []
    y = 0.0
    for worker in sorted({run.worker for run in runs}):
        workers.append(Tick(y + BAR / 2, truncate(worker, 18)))
        free: list[datetime] = []
        for run in (run for run in runs if run.worker == worker):
            slot = _take_slot(free, run)
            x = LABEL + (run.start - origin).total_seconds() * scale
            bars.append(_bar(run, x, y + slot * (BAR + GAP), scale, names))
        y += len(free) * (BAR + GAP) + GAP
    return Timeline(y, bars, workers, _ticks(length, scale))


def _take_slot(free: list[datetime], run: _Run) -> int:
    """Return the first row that is free when a run starts, or a new one, and occupy it."""
    for slot, since in enumerate(free):
        if since <= run.start:
            free[slot] = run.end
            return slot
    free.append(run.end)
    return len(free) - 1


def _bar(run: _Run, x: float, y: float, scale: float, names: Mapping[str, str]) -> Bar:
    span = run.span
    seconds = (run.end - run.start).total_seconds()
    width = max(seconds * scale - 1, 2.0)
    name = names.get(span.story_id, span.story_id)
    again = f", try {span.attempt}" if span.attempt > 1 else ""
    room = int((width - 10) / _CHARACTER)
    text = truncate(name, room) if room >= len(name.split(" ", 1)[0]) else ""
    title = f"{name}{again}: {span.outcome}, {short_duration(seconds)}"
    return Bar(round(x, 1), y, round(width, 1), span.outcome, text, title)


def _ticks(length: float, scale: float) -> list[Tick]:
    step = next(
        (step for step in _STEPS if length / step <= _MAX_TICKS), 86400 * (int(length / 86400 / 8) + 1)
    )
    return [Tick(round(LABEL + at * scale, 1), _said_tick(at)) for at in range(0, int(length) + 1, step)]


def _said_tick(seconds: int) -> str:
    for unit, size in (("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return short_duration(seconds)
