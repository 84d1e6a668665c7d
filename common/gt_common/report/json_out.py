"""The report as JSON: the document of `BatchResult`, written story by story."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from json.encoder import encode_basestring as _quoted
from tempfile import SpooledTemporaryFile
from typing import Final, TextIO

from pydantic_core import to_json

from gt_common.failures import FailureSummary
from gt_common.ledger.unchecked_stories import UncheckedStory
from gt_common.lifecycle import StoryState, StoryStatus
from gt_common.money import as_number
from gt_common.report.building import ReportBuilder, WholeBatch
from gt_common.report.model import VideoCancel, VideoRequeue
from gt_common.report.rows import StoryRow, path_text, rounded, row_of

_IN_MEMORY: Final = 8 * 1024 * 1024
_COPIED: Final = 256 * 1024
_TOGETHER: Final = 500
"""Stories that are written at once."""
_SMALL: Final = 1e-3
_LARGE: Final = 1e15
"""Between these Python and JSON write a number in the same way."""


def write(batch: WholeBatch, now: datetime, out: TextIO) -> None:
    """Write the report of a batch as indented JSON, with times in UTC (`Z`) and a newline at the end.

    The counts come first in the document and are known last, so the stories wait in a temporary file.
    """
    builder = ReportBuilder(now, batch.currency)
    stories, separator = iter(batch.stories()), ""
    with SpooledTemporaryFile(_IN_MEMORY, "w+", encoding="utf-8", newline="") as results:
        while some := [*islice(stories, _TOGETHER)]:
            for story in some:
                builder.count(story)
            results.write(separator + ",".join([_story_text(story, now) for story in some]))
            separator = ","
        head, _ = builder.finish(batch.header)
        out.write(head.model_dump_json(indent=2).removesuffix("\n}"))
        out.write(',\n  "results": [')
        results.seek(0)
        while part := results.read(_COPIED):
            out.write(part)
        out.write("\n  ]\n}\n" if separator else "]\n}\n")


def _story_text(story: StoryState | UncheckedStory, now: datetime) -> str:
    if isinstance(story, UncheckedStory) and story.status is StoryStatus.SUCCESS:
        return _text_of_made(story)
    return _text(row_of(story, now))


def _text_of_made(story: UncheckedStory) -> str:
    """Return a story with a video as `_text` writes its row; most of a large batch."""
    path = path_text(story.output_path) if story.output_path else None
    return (
        f'\n    {{\n      "story_id": {_quoted(story.story_id)},\n      "position": {story.position},'
        f'\n      "url": {_quoted(story.url)},\n      "project_id": {_text_or_null(story.project_id)},'
        '\n      "status": "success",\n      "stage": null,\n      "error": null,\n      "failure": null,'
        f'\n      "attempts": {story.attempt},\n      "generation": {story.generation},'
        f'\n      "worker": {_text_or_null(story.worker)},\n      "output_path": {_text_or_null(path)},'
        f'\n      "duration_s": {_number(rounded(story.duration_s))},'
        f'\n      "video_s": {_number(rounded(story.video_s))},'
        f'\n      "title": {_text_or_null(story.title)},\n      "cost": {_number(as_number(story.cost))},'
        f'\n      "cost_wasted": {_number(as_number(story.cost_wasted))},'
        '\n      "cancelled": null,\n      "requeued": null\n    }'
    )


def _text(row: StoryRow) -> str:
    """Return a story as `VideoResult` writes it, which takes longer; a test compares the two."""
    return (
        f'\n    {{\n      "story_id": {_quoted(row.story_id)},\n      "position": {row.position},'
        f'\n      "url": {_quoted(row.url)},\n      "project_id": {_text_or_null(row.project_id)},'
        f'\n      "status": "{row.status.value}",\n      "stage": {_text_or_null(row.stage)},'
        f'\n      "error": {_text_or_null(row.error)},\n      "failure": {_failure(row.failure)},'
        f'\n      "attempts": {row.attempts},\n      "generation": {row.generation},'
        f'\n      "worker": {_text_or_null(row.worker)},'
        f'\n      "output_path": {_text_or_null(row.output_path)},'
        f'\n      "duration_s": {_number(row.duration_s)},\n      "video_s": {_number(row.video_s)},'
        f'\n      "title": {_text_or_null(row.title)},\n      "cost": {_number(row.cost)},'
        f'\n      "cost_wasted": {_number(row.cost_wasted)},'
        f'\n      "cancelled": {_nested(row.cancelled)},'
        f'\n      "requeued": {_nested(row.requeued)}\n    }}'
    )


def _text_or_null(text: str | None) -> str:
    return "null" if text is None else _quoted(text)


def _number(value: float | None) -> str:
    if value is None:
        return "null"
    return repr(value) if _SMALL <= value < _LARGE else to_json(value).decode()


def _failure(failure: FailureSummary | None) -> str:
    """Return a failure as `VideoFailure` writes it."""
    if failure is None:
        return "null"
    return (
        f'{{\n        "type": {_quoted(failure.type)},\n        "message": {_quoted(failure.message)},'
        f'\n        "stage": {_text_or_null(failure.stage)},'
        f'\n        "retryable": {"true" if failure.retryable else "false"},'
        f'\n        "fingerprint": {_quoted(failure.fingerprint)}\n      }}'
    )


def _nested(document: VideoCancel | VideoRequeue | None) -> str:
    return "null" if document is None else document.model_dump_json(indent=2).replace("\n", "\n      ")
