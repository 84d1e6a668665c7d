"""The report as CSV (RFC 4180): one line per story, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
from datetime import datetime
from typing import TextIO

from gt_common.report.building import WholeBatch
from gt_common.report.rows import StoryRow, row_of
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
    "cancelled_by",
    "cancelled_reason",
    "cancelled_at",
    "cost",
    "cost_wasted",
    "currency",
    "requeued_reason",
    "requeued_error",
    "waits",
)
# A cell that begins like this is run as a formula (OWASP, "CSV Injection"); the last four are full-width.
_FORMULA_STARTS = tuple("=+-@＝＋－＠")


def write(batch: WholeBatch, now: datetime, out: TextIO) -> None:
    """Write the stories of a batch, by position, below a header line; every text is one line."""
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    batch_id = batch.header.batch_id
    for story in batch.stories():
        writer.writerow([_cell(value) for value in _row(batch_id, row_of(story, now), batch.currency)])


def _row(batch_id: str, result: StoryRow, currency: str) -> tuple[object, ...]:
    failure, cancel, again = result.failure, result.cancelled, result.requeued
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
        *((cancel.by, cancel.reason, cancel.at.isoformat()) if cancel else (None,) * 3),
        *((None,) * 3 if result.cost is None else (result.cost, result.cost_wasted, currency)),
        *((again.reason, again.error, again.waits) if again else (None,) * 3),
    )


def _cell(value: object) -> str:
    text = "" if value is None else one_line(str(value))
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
