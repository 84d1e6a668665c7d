"""Reads and writes `script.json`."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from gt_common.errors import UsageError
from gt_common.files import write_atomically
from gt_consumer.studio.script.model import Script, numbered

MAX_BYTES = 2_000_000
_SHOWN = 3


def dump_script(script: Script) -> str:
    """Return the text of a `script.json`: one line for each member and line, so that it is easy to edit."""
    content = script.model_dump(by_alias=True, mode="json")
    lists = {
        key: "[\n" + ",\n".join(f"    {_compact(part)}" for part in content[key]) + "\n  ]"
        for key in ("cast", "lines")
    }
    return (
        f'{{\n  "schema": {content["schema"]},\n  "title": {_compact(content["title"])},\n'
        f'  "cast": {lists["cast"]},\n  "lines": {lists["lines"]}\n}}\n'
    )


def _compact(part: object) -> str:
    return json.dumps(part, ensure_ascii=False)


def write_script_file(script: Script, path: Path) -> Path:
    """Write a script so that a reader finds the old file or the whole new one. Return its path.

    Raises:
        OutputError: it cannot be written
    """
    return write_atomically(path, dump_script(script))


def read_script_file(path: Path) -> Script:
    """Read a script, edited or not; its lines are numbered again.

    Raises:
        UsageError: the file is not a script, with each place that is wrong
        OSError: it cannot be read
    """
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise UsageError(f"{path}: larger than {MAX_BYTES // 1_000_000} MB, so not a script")
    return parse_script(data, str(path))


def parse_script(data: bytes, place: str) -> Script:
    """Parse a script.

    Parameters:
        place: what error messages call it

    Raises:
        UsageError: it is not a script, with each place that is wrong
    """
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{place}: not JSON: {error}") from None
    if not isinstance(content, dict) or "schema" not in content:
        raise UsageError(f'{place}: not a script: "schema": 1 is missing; `gt-studio script` writes one')
    if content["schema"] != 1:
        raise UsageError(f"{place}: schema {content['schema']!r} is not supported; this version reads 1")
    try:
        script = Script.model_validate(content)
    except ValidationError as error:
        raise UsageError(f"{place}: {_problems(error)}") from None
    return script.model_copy(update={"lines": numbered(script.lines)})


def _problems(error: ValidationError) -> str:
    found = list(dict.fromkeys(_problem(e["loc"], e["msg"], e["type"]) for e in error.errors()))
    more = len(found) - _SHOWN
    return "; ".join(found[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _problem(loc: tuple[int | str, ...], message: str, kind: str) -> str:
    """Return one problem with its place, such as `line 3, mood: …`; people count from 1."""
    place: list[str] = []
    for part in loc:
        if isinstance(part, int) and place:
            place[-1] = f"{'member' if place[-1] == 'cast' else 'line'} {part + 1}"
        elif isinstance(part, str) and not part.startswith(("function-", "literal", "constrained")):
            place.append(part)
    text = message.removeprefix("Value error, ")
    if kind == "extra_forbidden":
        text = "unknown field"
    elif kind == "missing":
        text = "is missing"
    return f"{', '.join(place)}: {text}" if place else text
