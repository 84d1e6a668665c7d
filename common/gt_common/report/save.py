"""Save a report as files, each whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TextIO

from gt_common.files import write_text_atomically
from gt_common.ledger.views import AttemptSpan
from gt_common.messages import utc_now
from gt_common.report import html, json_out, markdown
from gt_common.report.building import WholeBatch


def save_report(
    batch: WholeBatch, folder: Path, spans: Sequence[AttemptSpan] | None = (), now: datetime | None = None
) -> list[Path]:
    """Write `<batch_id>.json`, `.md` and `.html` into a folder, each atomically; return their paths.

    Raises:
        OutputError: the folder cannot be written
    """
    made = now or utc_now()
    forms: dict[str, Callable[[TextIO], None]] = {
        ".json": lambda out: json_out.write(batch, made, out),
        ".md": lambda out: markdown.write(batch, made, out, folder),
        ".html": lambda out: html.write(batch, made, out, spans, folder=folder),
    }
    name = batch.header.batch_id
    return [write_text_atomically(folder / f"{name}{suffix}", write) for suffix, write in forms.items()]
