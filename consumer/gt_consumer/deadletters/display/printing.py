"""Output of gt-dlq: data on standard output, remarks on standard error."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable
from tempfile import SpooledTemporaryFile
from typing import Final, Self

from gt_consumer.deadletters.display.documents import Document

_IN_MEMORY: Final = 16 * 1024 * 1024
"""Bytes of rows from which on they lie on the disk."""


def print_json(document: Document) -> None:
    """Print one JSON document."""
    print(_text(document))


class Rows:
    """Rows of a JSON document that is printed once they are all known; many of them wait on the disk."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(_IN_MEMORY, "w+", encoding="utf-8")  # noqa: SIM115 - `with Rows()`
        self._any = False

    def add(self, row: Document) -> None:
        """Add a row."""
        text = _text(row).replace("\n", "\n    ")
        self._file.write(f"{',' if self._any else ''}\n    {text}")
        self._any = True

    def print_within(self, before: Document, name: str, after: Document) -> None:
        """Print one JSON document as `print_json` would: these keys, the rows under a name, further keys."""
        print(_text({**before, name: []}).removesuffix("]\n}"), end="")
        self._file.seek(0)
        shutil.copyfileobj(self._file, sys.stdout)
        end = "\n  ]" if self._any else "]"
        print(f"{end},{_text(after)[1:]}" if after else f"{end}\n}}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._file.close()


def print_lines(lines: Iterable[str]) -> None:
    """Print lines."""
    sys.stdout.writelines(f"{line}\n" for line in lines)


def remark(text: str) -> None:
    """Print one line for the operator on standard error."""
    print(f"gt-dlq: {' '.join(text.split())}", file=sys.stderr, flush=True)


def _text(document: Document) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)
