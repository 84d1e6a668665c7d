"""Save a report as files, each whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from gt_common.files import write_atomically
from gt_common.ledger.views import AttemptSpan
from gt_common.report import html, markdown
from gt_common.report.model import BatchResult


def save_report(
    report: BatchResult, folder: Path, spans: Sequence[AttemptSpan] = (), now: datetime | None = None
) -> list[Path]:
    """Write `<batch_id>.json`, `.md` and `.html` into a folder, each atomically; return their paths.

    Raises:
        OutputError: the folder cannot be written
    """
    page = html.render(report, spans, folder=folder, now=now)
    texts = {".json": report.to_json() + "\n", ".md": markdown.render(report, folder), ".html": page}
    return [write_atomically(folder / f"{report.batch_id}{suffix}", text) for suffix, text in texts.items()]
