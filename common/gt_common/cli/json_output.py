"""JSON documents on standard output."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from gt_common.cli.app import print_lenient


def print_json(document: Mapping[str, object]) -> None:
    """Print one JSON document; the work continues if nobody reads it."""
    print_lenient(json.dumps(document, ensure_ascii=False, indent=2))


def json_parts(document: Mapping[str, object]) -> Iterator[str]:
    """Yield the parts of a JSON object, indented; an iterator becomes an array, written item by item."""
    before = "{"
    for name, value in document.items():
        yield f"{before}\n  {json.dumps(name)}: "
        if isinstance(value, Iterator):
            yield from _array(value)
        else:
            yield _indented(value, "  ")
        before = ","
    yield "\n}\n"


def _array(items: Iterator[object]) -> Iterator[str]:
    before = "["
    for item in items:
        yield f"{before}\n    {_indented(item, '    ')}"
        before = ","
    yield "[]" if before == "[" else "\n  ]"


def _indented(value: object, margin: str) -> str:
    return json.dumps(value, indent=2).replace("\n", f"\n{margin}")
