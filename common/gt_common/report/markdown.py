"""The report as Markdown (with GitHub's tables), for an issue, a chat or a folder of reports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, TextIO

from gt_common.report import view
from gt_common.report.building import ReportBuilder, Surroundings, WholeBatch
from gt_common.report.links import story_href, video_href
from gt_common.report.model import BatchHead
from gt_common.report.reading_order import ReadingOrder
from gt_common.report.rows import StoryRow
from gt_common.texts import one_line

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#|~!])")
# What a chat or a forge makes a mention or a link of by itself; a zero-width space ends that.
_LIVE = re.compile(r"@|:(?=//)|\bwww(?=\.)")


def write(batch: WholeBatch, now: datetime, out: TextIO, folder: Path | None = None) -> None:
    """Write a report as a Markdown document.

    Parameters:
        folder: folder of the document; videos in the same output folder are linked relative to it
    """
    builder = ReportBuilder(now, batch.currency)
    with ReadingOrder[Cells]() as rows:
        listed = False
        for story in batch.stories():
            row = builder.take(story)
            rows.add(row.status, _cells(row, folder))
            listed = True
        head, around = builder.finish(batch.header)
        for lines in (_head(head, around), _groups(head, around)):
            out.writelines(f"{line}\n" for line in lines)
        if listed:
            out.writelines(f"{line}\n" for line in _table(head, rows))
            out.write("\n")
        out.writelines(f"{line}\n" for line in _next(head))


def escape(text: str) -> str:
    """Escape a text so that Markdown shows it literally: one line, no markup, HTML, mention or link."""
    plain = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _LIVE.sub("\\g<0>\u200b", _SPECIAL.sub(r"\\\1", plain))


Cells = tuple[str, ...]
_COLUMNS: Final = (
    ("#", "---:"),
    ("Status", "---"),
    ("Stage", "---"),
    ("Time", "---:"),
    ("Try", "---"),
    ("Cost", "---:"),
    ("Story", "---"),
    ("Video or error", "---"),
)
_COST: Final = 5


def _table(head: BatchHead, rows: Iterable[Cells]) -> Iterator[str]:
    """Yield the table of the stories; without the column of costs if there are none."""
    left_out = _COST if head.cost is None else None
    yield from ("## Stories", "")
    yield _line([name for name, _ in _COLUMNS], left_out)
    yield f"|{'|'.join(line for place, (_, line) in enumerate(_COLUMNS) if place != left_out)}|"
    for cells in rows:
        yield _line(cells, left_out)


def _line(cells: Sequence[str], left_out: int | None) -> str:
    return f"| {' | '.join(cell for place, cell in enumerate(cells) if place != left_out)} |"


def _head(report: BatchHead, around: Surroundings) -> Iterator[str]:
    yield f"# Batch {escape(report.name or report.batch_id)}"
    yield ""
    facts = [f"`{report.batch_id}`", view.said_state(report.state)]
    if paused := view.said_pause(report):
        facts.append(f"**{escape(paused)}**")
    facts += [escape(fact) for fact in view.facts(report, around, view.opened_utc(report))]
    yield " · ".join(facts)
    yield ""
    counts = ", ".join(f"{number} {word}" for word, number in view.count_parts(report))
    finished = f"{report.finished} of {report.total} finished ({view.percent(report)} %)"
    yield f"**{finished}**: {counts or 'no stories yet'}"
    yield ""


def _groups(report: BatchHead, around: Surroundings) -> Iterator[str]:
    if not report.failure_groups:
        return
    yield from ("## Failures by cause", "", "| Count | Stage | Cause | Next step |", "|---:|---|---|---|")
    for group in report.failure_groups:
        cause = escape(f"{group.error_type}: {group.sample}")
        stage = escape(group.stage or "")
        yield f"| {group.count} | {stage} | {cause} | {escape(view.next_step(group, report, around) or '')} |"
    yield ""


def _cells(row: StoryRow, folder: Path | None) -> Cells:
    return (
        str(row.position),
        f"**{row.status}**" if row.failure else row.status.value,
        escape(view.stage_of(row)),
        view.short_duration(row.duration_s),
        view.tries(row),
        view.story_cost(row),
        _link(view.story_label(row), story_href(row.url)),
        _outcome(row, folder),
    )


def _outcome(row: StoryRow, folder: Path | None) -> str:
    if row.output_path:
        return _link(view.video_name(row), video_href(row.output_path, folder))
    return escape(view.said_outcome(row))


def _link(label: str, href: str | None) -> str:
    return f"[{escape(label)}](<{href}>)" if href else escape(label)


def _next(report: BatchHead) -> Iterator[str]:
    commands = view.next_commands(report)
    if commands:
        yield from ("## Next", "", "```sh")
        yield from (f"{command}  # {purpose}" for command, purpose in commands)
        yield "```"
