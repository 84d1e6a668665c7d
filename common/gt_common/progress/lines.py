"""The texts of the progress display: the whole batch, a running story, a change of a story."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Protocol, assert_never

from gt_common.failures import Failure
from gt_common.lifecycle import StoryState, StoryStatus
from gt_common.messages import (
    BatchHold,
    FleetHold,
    Paused,
    StoryCancelled,
    StoryEvent,
    StoryFailed,
    StoryReleased,
    StoryRequeued,
    StoryRetrying,
    StoryStage,
    StoryStarted,
    StorySucceeded,
)
from gt_common.money import DEFAULT_CURRENCY, format_millionths
from gt_common.report.eta import Range, say_range
from gt_common.report.requeues import said_limit, said_unfit
from gt_common.report.view import short_duration, story_label
from gt_common.texts import by_whom, one_line, truncate

LABEL = 40
"""Width of the name of a story in a plain line, in characters."""


class Counted(Protocol):
    """A batch of which the counts are known."""

    @property
    def total(self) -> int:
        """Number of its stories."""
        ...

    @property
    def counts(self) -> Mapping[StoryStatus, int]:
        """Number of stories at each status."""
        ...

    @property
    def paused(self) -> Paused | None:
        """What keeps its stories from starting."""
        ...

    @property
    def cost(self) -> int | None:
        """Millionths of the currency spent on its stories; None if no run has said any."""
        ...


def finished(batch: Counted) -> int:
    """Return the number of stories with a final status."""
    return sum(number for status, number in batch.counts.items() if status.final)


def tally(batch: Counted) -> str:
    """Format how far the batch is: `[ 7/20]  35 %`; never 100 % before the end."""
    done, total = finished(batch), batch.total
    share = 100 * done // total if total else 0
    return f"[{done:>{len(str(total))}}/{total}] {share:>3} %"


def count_words(batch: Counted) -> list[tuple[StoryStatus, str]]:
    """Return the counts worth showing, each with its status: `5 ok`, `1 failed`, `2 running`."""
    words = {StoryStatus.SUCCESS: "ok"}
    order = (
        StoryStatus.SUCCESS,
        StoryStatus.FAILED,
        StoryStatus.CANCELLED,
        StoryStatus.RUNNING,
        StoryStatus.RETRYING,
    )
    counts = batch.counts
    return [
        (status, f"{counts[status]} {words.get(status, status.value)}") for status in order if counts[status]
    ]


def said_cost(batch: Counted, currency: str) -> str:
    """Format what the batch has cost so far; empty if no run has said any."""
    return "" if batch.cost is None else f"cost {format_millionths(batch.cost, currency)}"


def said_left(eta: Range | None) -> str:
    """Format the estimated time left; empty while it is not known."""
    return f"{say_range(eta)} left" if eta else ""


def said_pause(batch: Counted) -> str:
    """Format who paused the batch or the fleet, and why; empty if its stories may start."""
    return f"paused by {by_whom(batch.paused.by, batch.paused.reason)}" if batch.paused else ""


def said_hold(event: BatchHold | FleetHold) -> str:
    """Format that somebody paused or resumed a batch or the fleet: `fleet paused by anna: too loud`."""
    what, done = event.type.split(".")
    return f"{what} {done} by {by_whom(event.by, event.reason)}"


def overall_line(batch: Counted, eta: Range | None, currency: str = DEFAULT_CURRENCY) -> str:
    """Format the whole batch: `[ 7/20]  35 %  5 ok  1 failed  2 running  about 38-52 min left`.

    Parameters:
        currency: of its cost, which is shown if there is any
    """
    words = (word for _, word in count_words(batch))
    parts = [tally(batch), *words, said_cost(batch, currency), said_pause(batch), said_left(eta)]
    return "  ".join(part for part in parts if part)


def running_cells(story: StoryState, elapsed: float, max_attempts: int | None) -> tuple[str, ...]:
    """Return the cells of a running story: position, name, stage, per cent, elapsed time, worker, try."""
    event = story.event
    stage, share = "", ""
    if isinstance(event, StoryStage):
        stage = one_line(event.stage)
        share = f"{event.fraction * 100:.0f} %" if event.fraction is not None else ""
    worker = one_line(event.worker or "") if event else ""
    again = said_try(event, max_attempts) if event else ""
    return str(story.position), story_label(story), stage, share, short_duration(elapsed), worker, again


def said_try(event: StoryEvent, max_attempts: int | None) -> str:
    """Format the attempt, from the second on: `try 2/3`; also the replay of a replayed story."""
    most = f"/{max_attempts}" if max_attempts else ""
    parts = [f"try {event.attempt}{most}"] if event.attempt > 1 else []
    if event.generation > 1:
        parts.append(f"replay {event.generation - 1}")
    return ", ".join(parts)


def heartbeat_line(batch: Counted, cells: list[tuple[str, ...]], eta: Range | None, currency: str) -> str:
    """Format a sign of life: the overall line, and the stages of the running stories."""
    said = [" ".join(part for part in (f"#{place}", stage, share, took) if part)
            for place, _, stage, share, took, *_ in cells]  # fmt: skip
    return f"{overall_line(batch, eta, currency)}  | {', '.join(said)}"


def change_line(batch: Counted, story: StoryState, max_attempts: int | None) -> str:
    """Format the new state of a story, after the tally of the batch."""
    label = truncate(story_label(story), LABEL)
    change = said_change(story.event, max_attempts) if story.event else "queued"
    return f"{tally(batch)}  #{story.position} {label}  {change}"


def said_change(event: StoryEvent, max_attempts: int | None) -> str:
    """Format what an event did to its story, with the cause of a failure."""
    worker = f" on {one_line(event.worker)}" if event.worker else ""
    again = f", {said}" if (said := said_try(event, max_attempts)) else ""
    match event:
        case StoryStarted() | StoryStage():
            return f"running{worker}{again}"
        case StorySucceeded():
            took = f" in {short_duration(event.duration_s)}" if event.duration_s else ""
            return f"success{took}  {one_line(posixpath.basename(event.output_path))}"
        case StoryRetrying():
            return f"retrying{again}  {said_failure(event.failure)}"
        case StoryFailed():
            return f"failed{again}  {said_failure(event.failure)}"
        case StoryReleased(reason="rate_limited"):
            until = f" until {event.until.astimezone():%H:%M}" if event.until else ""
            return f"queued  waiting: {one_line(event.provider or 'a provider')}{until}" + said_limit(
                event.waits, event.error
            )
        case StoryReleased(problem=str(problem)):
            return f"queued  {said_unfit(event.worker, problem)}"
        case StoryReleased():
            by = one_line(event.worker or "its worker")
            return f"queued  requeued by {by}, which is stopping"
        case StoryRequeued():
            return f"queued  replayed by {one_line(event.by)}"
        case StoryCancelled():
            return truncate(f"cancelled{again}  by {by_whom(event.by, event.reason)}", 300)
        case _:
            assert_never(event)


def said_failure(failure: Failure) -> str:
    """Format the cause of a failure as one line: stage, error and message."""
    stage = f"{one_line(failure.stage)}: " if failure.stage else ""
    return truncate(f"{stage}{one_line(failure.type)}: {one_line(failure.message)}", 300)
