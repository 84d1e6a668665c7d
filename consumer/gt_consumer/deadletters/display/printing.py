"""Where the commands print: data on standard output, remarks on standard error."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable

from gt_consumer.deadletters.display.documents import Document

PIPE_WIDTH = 200


def print_json(document: Document) -> None:
    """Print one document."""
    print(json.dumps(document, ensure_ascii=False, indent=2))


def print_lines(lines: Iterable[str]) -> None:
    """Print lines."""
    for line in lines:
        print(line)


def remark(text: str) -> None:
    """Say something on standard error."""
    print(f"gt-dlq: {' '.join(text.split())}", file=sys.stderr, flush=True)


def screen_width() -> int:
    """Give the columns that a table may take."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPE_WIDTH


def count_letters(count: int) -> str:
    """Say a number of dead letters."""
    return f"{count} dead letter{'' if count == 1 else 's'}"
