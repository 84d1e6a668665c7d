"""The report as one self-contained page: no script, and nothing is loaded except the videos it shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from gt_common.ledger.views import AttemptSpan
from gt_common.messages import utc_now
from gt_common.report import view
from gt_common.report.advice import advice
from gt_common.report.links import story_href, video_href
from gt_common.report.model import BatchResult, VideoResult
from gt_common.report.timeline import LABEL, WIDTH, lay_out

if TYPE_CHECKING:
    from jinja2 import Template

MAX_THUMBNAILS = 60
"""Most videos shown as pictures: the browser opens each file to get its first frame."""


def render(
    report: BatchResult,
    spans: Sequence[AttemptSpan] = (),
    *,
    folder: Path | None = None,
    now: datetime | None = None,
) -> str:
    """Format the report as an HTML page.

    Parameters:
        spans: the attempts, for the timeline; without any there is no timeline
        folder: folder of the page; videos in the same output folder are linked relative to it
        now: time at which the page is made
    """
    made = now or utc_now()
    names = {row.story_id: f"#{row.position} {view.story_label(row)}" for row in report.results}
    rows = view.in_reading_order(report.results)
    return _template().render(
        report=report,
        facts=view.facts(report, view.opened_utc(report)),
        now=made,
        view=view,
        rows=[_row(row, folder) for row in rows],
        shown={row.story_id for row in [row for row in rows if row.output_path][:MAX_THUMBNAILS]},
        advice={group.fingerprint: advice(group, report) for group in report.failure_groups},
        names=names,
        timeline=lay_out(spans, names, made),
        width=WIDTH,
        label=LABEL,
    )


def _row(row: VideoResult, folder: Path | None) -> dict[str, object]:
    href = video_href(str(row.output_path), folder) if row.output_path else None
    return {
        "result": row,
        "story_href": story_href(row.url),
        "video_href": href,
        # The page loads nothing from the web: an address there may come from a forged message.
        "film": href is not None and not href.startswith(("http:", "https:")),
        "video_name": row.output_path.name if row.output_path else None,
    }


@cache
def _template() -> Template:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("gt_common.report", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("report.html.j2")
