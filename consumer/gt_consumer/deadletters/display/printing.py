"""Output of gt-dlq: data on standard output, remarks on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable

from gt_consumer.deadletters.display.documents import Document


def print_json(document: Document) -> None:
    """Print one JSON document."""
    print(json.dumps(document, ensure_ascii=False, indent=2))


def print_lines(lines: Iterable[str]) -> None:
    """Print lines."""
    for line in lines:
        print(line)


def remark(text: str) -> None:
    """Print one line for the operator on standard error."""
    print(f"gt-dlq: {' '.join(text.split())}", file=sys.stderr, flush=True)
