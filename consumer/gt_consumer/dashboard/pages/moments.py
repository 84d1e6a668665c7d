"""What happened to a story, in words, from its events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from gt_common.failures import Failure
from gt_common.messages import (
    Event,
    StoryCancelled,
    StoryFailed,
    StoryReleased,
    StoryRequeued,
    StoryRetrying,
    StoryStage,
    StoryStarted,
    StorySucceeded,
)
from gt_common.report.requeues import said_limit, said_unfit
from gt_common.texts import by_whom


@dataclass(frozen=True)
class Moment:
    """Something that happened to a story.

    Parameters:
        kind: the status to colour it by
        run: generation and attempt, in words
        until: the time until which it waits
        duration_s: seconds of the run that ended
        failure: why that failed
    """

    at: datetime
    kind: str
    text: str
    run: str = ""
    worker: str = ""
    until: datetime | None = None
    duration_s: float | None = None
    failure: Failure | None = None


def moments(events: Iterable[Event]) -> Iterator[Moment]:
    """Yield what happened to a story; what its runs have spent is shown elsewhere."""
    for event in events:
        match event:
            case StoryStarted() | StoryStage():
                text = f"stage {event.stage}" if isinstance(event, StoryStage) else "started"
                yield Moment(event.at, "running", text, _run(event), event.worker or "")
            case StorySucceeded() | StoryRetrying() | StoryFailed():
                yield _ended(event)
            case StoryReleased():
                text = _requeued(event)
                yield Moment(event.at, "released", text, _run(event), event.worker or "", event.until)
            case StoryRequeued():
                text = f"replayed by {by_whom(event.by, event.reason)}"
                yield Moment(event.at, "queued", text, f"generation {event.generation}")
            case StoryCancelled():
                text = f"cancelled by {by_whom(event.by, event.reason)}"
                yield Moment(event.at, "cancelled", text, _run(event), event.worker or "")
            case _:
                continue


def _ended(event: StorySucceeded | StoryRetrying | StoryFailed) -> Moment:
    run, worker = _run(event), event.worker or ""
    if isinstance(event, StorySucceeded):
        return Moment(event.at, "success", "video made", run, worker, duration_s=event.duration_s)
    until = event.until if isinstance(event, StoryRetrying) else None
    kind = "failed" if until is None else "retrying"
    text = "failed for good" if until is None else "failed, is tried again"
    return Moment(event.at, kind, text, run, worker, until, event.duration_s, event.failure)


def _requeued(event: StoryReleased) -> str:
    if event.problem is not None:
        return said_unfit(event.worker, event.problem)
    if event.provider:
        return f"requeued: waits for {event.provider}{said_limit(event.waits, event.error)}"
    return "requeued: its worker was stopping"


def _run(
    event: StoryStarted
    | StoryStage
    | StorySucceeded
    | StoryRetrying
    | StoryFailed
    | StoryReleased
    | StoryCancelled,
) -> str:
    generation = f"generation {event.generation}, " if event.generation > 1 else ""
    return f"{generation}attempt {event.attempt}"
