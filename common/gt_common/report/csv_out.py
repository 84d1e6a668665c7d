"""The report as CSV (RFC 4180): one line per story, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io

from gt_common.report.model import BatchResult, VideoResult
from gt_common.texts import one_line

COLUMNS = (
    "batch_id",
    "position",
    "story_id",
    "url",
    "status",
    "stage",
    "attempts",
    "generation",
    "worker",
    "project_id",
    "duration_s",
    "video_s",
    "output_path",
    "error_type",
    "error_stage",
    "error_retryable",
    "error_fingerprint",
    "error_message",
    "title",
)
# A cell that begins like this is run as a formula (OWASP, "CSV Injection"); the last four are full-width.
_FORMULA_STARTS = tuple("=+-@＝＋－＠")


def render(report: BatchResult) -> str:
    """Format the stories of a report, by position, below a header line; every text is one line."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows([_cell(value) for value in _row(report.batch_id, result)] for result in report.results)
    return out.getvalue()


def _row(batch_id: str, result: VideoResult) -> tuple[object, ...]:
    failure = result.failure
    return (
        batch_id,
        result.position,
        result.story_id,
        result.url,
        result.status.value,
        result.stage,
        result.attempts,
        result.generation,
        result.worker,
        result.project_id,
        result.duration_s,
        result.video_s,
        result.output_path,
        *((failure.type, failure.stage, str(failure.retryable).lower()) if failure else (None,) * 3),
        *((failure.fingerprint, failure.message) if failure else (None,) * 2),
        result.title,
    )


def _cell(value: object) -> str:
    text = "" if value is None else one_line(str(value))
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
