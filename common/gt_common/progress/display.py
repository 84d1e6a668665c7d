"""The progress of a batch, on standard error: redrawn in place on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from types import TracebackType
from typing import Final, Protocol, Self

from rich.console import Console

from gt_common.cli.console import make_console
from gt_common.lifecycle import BatchPhase, BatchState, StoryState, StoryStatus
from gt_common.messages import (
    BatchHold,
    BatchOpened,
    BatchStories,
    Event,
    FleetEvent,
    FleetHold,
    StoryEvent,
    StorySpent,
    utc_now,
)
from gt_common.money import DEFAULT_CURRENCY
from gt_common.progress import lines
from gt_common.progress.live import LiveDisplay, Snapshot
from gt_common.report.eta import Pace, Range
from gt_common.texts import plural

HEARTBEAT: Final = 30.0
"""Seconds without a line after which plain mode reports that work continues."""

_Run = tuple[int, int, int]
_Seen = tuple[StoryStatus, int, int, int] | None


class _Display(Protocol):
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def say(self, line: str, style: str = "") -> None: ...


class PlainDisplay:
    """One line per state change, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def start(self) -> None:
        """Do nothing: nothing is drawn before something happens."""

    def stop(self) -> None:
        """Do nothing: there is nothing to erase."""

    def say(self, line: str, style: str = "") -> None:
        """Print one line; the work continues if nobody reads it."""
        with contextlib.suppress(OSError, ValueError):
            print(line, file=self._console.file, flush=True)


class Progress:
    """Show a batch from its events, folded as everywhere else. Use it as a context manager.

    Parameters:
        batch_id: events of other batches are ignored
        state: what is already known, as when a batch is resumed
        max_attempts: to show `try 2/3`
        currency: of its cost
        live: redraw in place; None: if standard error is a terminal that supports it
        console: where to draw; None: standard error
        clock: returns the current time
    """

    def __init__(
        self,
        batch_id: str,
        *,
        state: BatchState | None = None,
        max_attempts: int | None = None,
        currency: str = DEFAULT_CURRENCY,
        live: bool | None = None,
        console: Console | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.state = state or BatchState(batch_id)
        self._pace = Pace(self.state.stories.values())
        # A live display is drawn in a thread of its own, while events arrive.
        self._drawing = threading.Lock()
        self._max_attempts = max_attempts
        self._currency = currency
        self._clock = clock
        self._begun: dict[str, tuple[_Run, datetime]] = {}
        self._console = console or make_console(stderr=True)
        if live is None:
            live = self._console.file.isatty() and not self._console.is_dumb_terminal
        self.live = live
        self._display: _Display = (
            LiveDisplay(self._console, self._snapshot) if live else PlainDisplay(self._console)
        )
        self._said_at = clock()

    def __enter__(self) -> Self:
        self._said_at = self._clock()
        self._display.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._display.stop()
        if self.state.total:
            self._say(lines.overall_line(self.state, self._eta(self._clock()), self._currency))

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Hide the display during a block that writes to the same terminal itself."""
        self._display.stop()
        try:
            yield
        finally:
            self._display.start()

    def remark(self, line: str) -> None:
        """Print a line that is not about a story."""
        self._say(line)

    def event(self, event: Event) -> bool:
        """Apply an event and show what it changed; return whether it changed anything.

        A repeated or late one does not, nor does one of another batch.
        """
        if isinstance(event, FleetEvent):
            return self._hold(event)
        if event.batch_id != self.state.batch_id:
            return False
        if isinstance(event, BatchHold):
            return self._hold(event)
        if isinstance(event, StoryEvent | StorySpent):
            return self._story_event(event)
        if isinstance(event, BatchStories):
            return self._list(event)
        total = self.state.total
        changed = self.state.take(event)
        if isinstance(event, BatchOpened) and total != self.state.total and not self.live:
            self._say(
                f"{lines.tally(self.state)}  batch {event.batch_id}: {plural(self.state.total, 'story')}"
            )
        return changed

    def _list(self, event: BatchStories) -> bool:
        """Take a part of the list, whose start times count for the estimate."""
        before = {line.story_id: self.state.stories.get(line.story_id) for line in event.stories}
        with self._drawing:
            changed = self.state.take(event)
            for story_id, old in before.items():
                self._pace.change(old, self.state.stories[story_id])
        return changed

    def _hold(self, event: BatchHold | FleetHold) -> bool:
        paused = self.state.paused
        changed = self.state.take(event)
        if self.state.paused != paused:
            self._say(f"{lines.tally(self.state)}  {lines.said_hold(event)}")
        return changed

    def tick(self) -> None:
        """Report every 30 s in plain mode that work continues; to be called about once a second."""
        now = self._clock()
        if self.live or (now - self._said_at).total_seconds() < HEARTBEAT:
            return
        cells = self._running_cells(now)
        if cells:
            self._say(lines.heartbeat_line(self.state, cells, self._eta(now), self._currency))

    def _story_event(self, event: StoryEvent | StorySpent) -> bool:
        before = self.state.stories.get(event.story_id)
        with self._drawing:
            if not self.state.take(event):
                return False
            after = self.state.stories[event.story_id]
            self._pace.change(before, after)
            self._note_start(after)
        if after.event is not None and _seen(before) != _seen(after):
            failed = after.status is StoryStatus.FAILED
            if failed or not self.live:
                self._say(lines.change_line(self.state, after, self._max_attempts), "red" if failed else "")
        return True

    def _note_start(self, story: StoryState) -> None:
        """Note when a run began, while it lasts: its later stages may not know."""
        event = story.event
        if event is None or story.status is not StoryStatus.RUNNING:
            self._begun.pop(story.story_id, None)
        elif self._begun.get(story.story_id, (None,))[0] != _run(event):
            self._begun[story.story_id] = _run(event), event.started_at or event.at

    def _eta(self, now: datetime) -> Range | None:
        if self.state.phase is not BatchPhase.OPEN or self.state.paused:
            return None
        return self._pace.eta(self.state.counts, now)

    def _say(self, line: str, style: str = "") -> None:
        self._said_at = self._clock()
        self._display.say(line, style)

    def _running_cells(self, now: datetime) -> list[tuple[str, ...]]:
        cells = []
        for story in self.state.running:
            if story.event is None:
                continue
            _, begun = self._begun.get(story.story_id, (None, story.event.started_at or story.event.at))
            elapsed = max((now - begun).total_seconds(), 0.0)
            cells.append(lines.running_cells(story, elapsed, self._max_attempts))
        return cells

    def _snapshot(self) -> Snapshot:
        with self._drawing:
            now = self._clock()
            left = lines.said_pause(self.state) or lines.said_left(self._eta(now))
            cost = lines.said_cost(self.state, self._currency)
            said = "  ".join(part for part in (cost, left) if part)
            return Snapshot(self.state, self._running_cells(now), said)


def _run(event: StoryEvent) -> _Run:
    return event.generation, event.attempt, event.run


def _seen(story: StoryState | None) -> _Seen:
    """Return what must differ for a change to be worth a line; another stage is not."""
    if story is None or story.event is None:
        return None
    return story.status, story.event.generation, story.event.attempt, story.event.run
