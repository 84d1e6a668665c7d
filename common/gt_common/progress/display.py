"""The progress of a batch, on standard error: redrawn in place on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime
from types import TracebackType
from typing import Final, Protocol, Self

from rich.console import Console

from gt_common import lifecycle
from gt_common.cli.console import make_console
from gt_common.lifecycle import BatchState, StoryState, StoryStatus
from gt_common.messages import BatchOpened, Event, StoryEvent, utc_now
from gt_common.progress import lines
from gt_common.progress.live import LiveDisplay, Snapshot
from gt_common.texts import plural

HEARTBEAT: Final = 30.0
"""Seconds without a line after which plain mode reports that work continues."""

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
        live: bool | None = None,
        console: Console | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.state = state or BatchState(batch_id)
        self._max_attempts = max_attempts
        self._clock = clock
        self._begun: dict[tuple[str, int, int, int], datetime] = {}
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
            self._say(lines.overall_line(self.state, self._clock()))

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

    def event(self, event: Event) -> None:
        """Apply an event and show what it changed; a repeated or late one changes nothing."""
        if event.batch_id != self.state.batch_id:
            return
        before = self.state
        self.state = lifecycle.apply(before, event)
        if isinstance(event, BatchOpened):
            if before.total != self.state.total and not self.live:
                self._say(
                    f"{lines.tally(self.state)}  batch {event.batch_id}: {plural(self.state.total, 'story')}"
                )
        elif isinstance(event, StoryEvent):
            self._story(before.stories.get(event.story_id), self.state.stories[event.story_id])

    def tick(self) -> None:
        """Report every 30 s in plain mode that work continues; to be called about once a second."""
        now = self._clock()
        if self.live or (now - self._said_at).total_seconds() < HEARTBEAT:
            return
        cells = self._running_cells(now)
        if cells:
            self._say(lines.heartbeat_line(self.state, cells, now))

    def _story(self, before: StoryState | None, after: StoryState) -> None:
        event = after.event
        if event is None:
            return
        if after.status is StoryStatus.RUNNING:
            self._begun.setdefault(_run(event), event.started_at or event.at)
        if _seen(before) == _seen(after):
            return
        failed = after.status is StoryStatus.FAILED
        if failed or not self.live:
            self._say(lines.change_line(self.state, after, self._max_attempts), "red" if failed else "")

    def _say(self, line: str, style: str = "") -> None:
        self._said_at = self._clock()
        self._display.say(line, style)

    def _running_cells(self, now: datetime) -> list[tuple[str, ...]]:
        cells = []
        for story in lines.running(self.state):
            if story.event is None:
                continue
            begun = self._begun.get(_run(story.event), story.event.started_at or story.event.at)
            elapsed = max((now - begun).total_seconds(), 0.0)
            cells.append(lines.running_cells(story, elapsed, self._max_attempts))
        return cells

    def _snapshot(self) -> Snapshot:
        now = self._clock()
        return Snapshot(self.state, self._running_cells(now), lines.time_left(self.state, now))


def _run(event: StoryEvent) -> tuple[str, int, int, int]:
    return event.story_id, event.generation, event.attempt, event.run


def _seen(story: StoryState | None) -> _Seen:
    """Return what must differ for a change to be worth a line; another stage is not."""
    if story is None or story.event is None:
        return None
    return story.status, story.event.generation, story.event.attempt, story.event.run
