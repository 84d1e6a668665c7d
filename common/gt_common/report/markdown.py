"""The report as Markdown (with GitHub's tables), for an issue, a chat or a folder of reports."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from gt_common.report import view
from gt_common.report.advice import advice
from gt_common.report.links import story_href, video_href
from gt_common.report.model import BatchResult, VideoResult
from gt_common.texts import one_line

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#|~!])")
# What a chat or a forge makes a mention or a link of by itself; a zero-width space ends that.
_LIVE = re.compile(r"@|:(?=//)|\bwww(?=\.)")


def render(report: BatchResult, folder: Path | None = None) -> str:
    """Format the report as a Markdown document.

    Parameters:
        folder: folder of the document; videos in the same output folder are linked relative to it
    """
    return "\n".join(_lines(report, folder)) + "\n"


def escape(text: str) -> str:
    """Escape a text so that Markdown shows it literally: one line, no markup, HTML, mention or link."""
    plain = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _LIVE.sub("\\g<0>\u200b", _SPECIAL.sub(r"\\\1", plain))


def _lines(report: BatchResult, folder: Path | None) -> Iterator[str]:
    yield f"# Batch {escape(report.name or report.batch_id)}"
    yield ""
    facts = [f"`{report.batch_id}`", view.said_state(report.state)]
    facts += [escape(fact) for fact in view.facts(report, view.opened_utc(report))]
    yield " · ".join(facts)
    yield ""
    counts = ", ".join(f"{number} {word}" for word, number in view.count_parts(report))
    finished = f"{report.finished} of {report.total} finished ({view.percent(report)} %)"
    yield f"**{finished}**: {counts or 'no stories yet'}"
    yield ""
    yield from _groups(report)
    yield from _items(report, folder)
    yield from _next(report)


def _groups(report: BatchResult) -> Iterator[str]:
    if not report.failure_groups:
        return
    yield from ("## Failures by cause", "", "| Count | Stage | Cause | Next step |", "|---:|---|---|---|")
    for group in report.failure_groups:
        cause = escape(f"{group.error_type}: {group.sample}")
        stage = escape(group.stage or "")
        yield f"| {group.count} | {stage} | {cause} | {escape(advice(group, report) or '')} |"
    yield ""


def _items(report: BatchResult, folder: Path | None) -> Iterator[str]:
    if not report.results:
        return
    yield from ("## Stories", "", "| # | Status | Stage | Time | Try | Story | Video or error |")
    yield "|---:|---|---|---:|---|---|---|"
    for row in view.in_reading_order(report.results):
        cells = (
            str(row.position),
            f"**{row.status}**" if row.failure else row.status.value,
            escape(view.stage_of(row)),
            view.short_duration(row.duration_s),
            view.tries(row),
            _link(view.story_label(row), story_href(row.url)),
            _outcome(row, folder),
        )
        yield f"| {' | '.join(cells)} |"
    yield ""


def _outcome(row: VideoResult, folder: Path | None) -> str:
    if row.output_path:
        return _link(row.output_path.name, video_href(str(row.output_path), folder))
    return escape("; ".join(part for part in (view.said_waiting(row), view.said_error(row)) if part))


def _link(label: str, href: str | None) -> str:
    return f"[{escape(label)}](<{href}>)" if href else escape(label)


def _next(report: BatchResult) -> Iterator[str]:
    commands = view.next_commands(report)
    if commands:
        yield from ("## Next", "", "```sh")
        yield from (f"{command}  # {purpose}" for command, purpose in commands)
        yield "```"
