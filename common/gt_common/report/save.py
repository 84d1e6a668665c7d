"""Saving a report: whole or not at all, whatever happens meanwhile."""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from gt_common.errors import OutputError
from gt_common.ledger.views import AttemptSpan
from gt_common.report import html, markdown
from gt_common.report.model import BatchResult


def save_report(
    report: BatchResult, folder: Path, spans: Sequence[AttemptSpan] = (), now: datetime | None = None
) -> list[Path]:
    """Write `<batch_id>.json`, `.md` and `.html` into a folder, each atomically; give their paths.

    Raises:
        OutputError: the folder cannot be written
    """
    page = html.render(report, spans, folder=folder, now=now)
    texts = {".json": report.to_json() + "\n", ".md": markdown.render(report, folder), ".html": page}
    return [write_atomically(folder / f"{report.batch_id}{suffix}", text) for suffix, text in texts.items()]


def write_atomically(path: Path, text: str) -> Path:
    """Write a text so that a reader, or a crash, finds the old file or the whole new one; give the path.

    Raises:
        OutputError: it cannot be written
    """
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with draft.open("x", encoding="utf-8", newline="") as out:
                out.write(text)
                out.flush()
                os.fsync(out.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except OSError as error:
        raise OutputError(f"the report cannot be written to {path}: {error.strerror}") from None
    return path


def _sync_folder(folder: Path) -> None:
    """Make the new name durable too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
