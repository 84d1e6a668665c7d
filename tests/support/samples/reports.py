"""Batches with something of everything, for tests of the report and its views."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from gt_common.failures import Failure
from gt_common.ledger.views import AttemptSpan
from gt_common.lifecycle import BatchState, fold
from gt_common.messages import (
    Event,
    StoryFailed,
    StoryReleased,
    StoryRetrying,
    StoryStage,
    StorySucceeded,
)
from gt_common.report import html
from gt_common.report.building import WholeBatch
from support.samples.events import BATCH, at, opened, spent, story_event

REMOVED = Failure(type="PermanentError", message="the post was removed (404)", stage="fetch", retryable=False)
EVIL = "<script>alert(1)</script>|`x`\n=cmd|' /C calc'!A0\x1b[31m"


def finished_events() -> list[Event]:
    """Return a batch of five: two finished, two failed for one reason, one for another."""
    return [
        opened(5, name="Five stories"),
        story_event(StorySucceeded, 1, 30, duration_s=30, video_s=61.0, worker="w-1", project_id="p1"),
        story_event(StoryFailed, 2, 40, duration_s=9, attempt=3, worker="w-2"),
        story_event(StoryFailed, 3, 41, duration_s=2, attempt=1, worker="w-1", failure=REMOVED),
        story_event(StoryFailed, 4, 50, duration_s=9, attempt=3, worker="w-2"),
        story_event(StorySucceeded, 5, 71.2, duration_s=33.1, video_s=58.0, worker="w-1"),
    ]


def open_events() -> list[Event]:
    """Return a batch of eight: two finished, one failed, two running, two waiting, one not started."""
    return [
        opened(8),
        story_event(StorySucceeded, 1, 100, duration_s=100, worker="w-1"),
        story_event(StorySucceeded, 2, 140, duration_s=140, worker="w-2"),
        story_event(StoryFailed, 3, 150, worker="w-2"),
        story_event(StoryStage, 4, 160, stage="render", fraction=0.62, started_at=at(150), worker="w-1"),
        story_event(StoryStage, 5, 160, stage="voice", started_at=at(155), attempt=2, worker="w-2"),
        story_event(StoryRetrying, 6, 160, until=at(600), duration_s=5),
        story_event(StoryReleased, 7, 160, reason="rate_limited", provider="gemini", until=at(34740)),
    ]


def written(write: Callable[..., None], state: BatchState, when: datetime | None, **given: object) -> str:
    """Return what a form of the report writes of a batch."""
    out = io.StringIO(newline="")
    write(WholeBatch.of_state(state), when, out, **given)
    return out.getvalue()


def page(
    state: BatchState,
    spans: Sequence[AttemptSpan] | None = (),
    folder: Path | None = None,
    now: datetime | None = None,
) -> str:
    """Return the report of a batch as a page."""
    return written(html.write, state, now or at(200), spans=spans, folder=folder)


def finished() -> BatchState:
    """Return the finished batch."""
    return fold(BATCH, finished_events())


def under_way() -> BatchState:
    """Return the open batch."""
    return fold(BATCH, open_events())


def paid() -> BatchState:
    """Return a batch of four: made at the second try, failed, running, and one that has said no cost."""
    return fold(
        BATCH,
        [
            opened(4),
            story_event(StoryRetrying, 1, 10, cost={"elevenlabs": 100_000}),
            story_event(StorySucceeded, 1, 30, attempt=2, cost={"elevenlabs": 1_100_000, "gemini": 12_000}),
            story_event(StoryFailed, 2, 40),
            spent(2, 35, cost={"elevenlabs": 40_000}),
            story_event(StoryStage, 3, 40),
            spent(3, 41, cost={"elevenlabs": 500}),
            story_event(StorySucceeded, 4, 50),
        ],
    )


def evil_events() -> list[Event]:
    """Return a batch in which every text tries to inject markup or commands."""
    failure = Failure(type=EVIL, message=EVIL, stage=EVIL)
    return [
        opened(3, name=EVIL).model_copy(update={"tags": {EVIL: EVIL}}),
        story_event(StoryFailed, 1, 5, failure=failure, worker=EVIL, url=f"javascript:alert(1)//{EVIL}"),
        story_event(StorySucceeded, 2, 6, output_path=f'/out/b/"{EVIL}.mp4', url=f'https://x.y/">{EVIL}'),
        story_event(StoryFailed, 3, 7, failure=failure, url="=HYPERLINK(1)"),
    ]


def evil() -> BatchState:
    """Return that batch."""
    return fold(BATCH, evil_events())


def spans() -> list[AttemptSpan]:
    """Return attempts of the finished batch; two of `w-2` overlap."""
    return [
        AttemptSpan("story-1", 1, 1, 0, "w-1", at(0), at(30), "success"),
        AttemptSpan("story-2", 1, 1, 0, "w-2", at(0), at(20), "retrying"),
        AttemptSpan("story-4", 1, 1, 0, "w-2", at(10), at(50), "failed"),
        AttemptSpan("story-5", 1, 1, 0, "w-1", at(38), None, "running"),
    ]
