"""One story as the page shows it: plain texts, ready to be put into a cell."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from gt_common.lifecycle import StoryStatus
from gt_common.report import view
from gt_common.report.links import story_href, video_href
from gt_common.report.rows import StoryRow


class PageRow(NamedTuple):
    """The cells of a story; an empty text stands for nothing. `templates/report.js` uses the same order."""

    story_id: str
    position: int
    status: str
    stage: str
    time: str
    tries: str
    label: str
    story_href: str
    worker: str
    video_href: str
    video_name: str
    video_length: str
    remark: str
    error: str
    cost: str


def page_row(result: StoryRow, folder: Path | None) -> PageRow:
    """Return the cells of a story.

    Parameters:
        folder: folder of the page
    """
    video = result.output_path
    made = result.status is StoryStatus.SUCCESS  # without a wait, an error and a cancel
    return PageRow(
        result.story_id,
        result.position,
        result.status.value,
        "" if made else view.stage_of(result),
        view.short_duration(result.duration_s),
        view.tries(result),
        view.story_label(result),
        story_href(result.url) or "",
        result.worker or "",
        (video_href(video, folder) or "") if video else "",
        view.video_name(result),
        view.short_duration(result.video_s),
        ""
        if made
        else view.said_wait_of_page(result) or view.said_requeue(result) or view.said_cancel(result),
        "" if made else view.said_error(result),
        view.story_cost(result),
    )
