"""Reads the lines of lists that are JSON objects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gt_common.errors import UsageError
from gt_common.redaction import names_secret
from gt_common.stories.priority import parse_priority
from gt_common.stories.schedule import parse_start
from gt_common.stories.urls import NotAStoryError

_KEYS: Final = frozenset({"url", "options", "start_after", "priority"})


@dataclass(frozen=True)
class JsonLine:
    """A line of a list as it was given.

    Parameters:
        start_after, priority: checked; None for those of the whole list
    """

    url: str
    options: dict[str, object]
    start_after: str | None
    priority: str | None


def read_json_line(line: str) -> JsonLine:
    """Read the object of a line.

    Raises:
        NotAStoryError: with the reason
    """
    record = _read_object(line)
    unknown = sorted(set(record) - _KEYS)
    if unknown:
        raise NotAStoryError(
            f'unknown key "{unknown[0]}"; use "url", "options", "start_after" and "priority"'
        )
    start_after, priority = _text(record, "start_after"), _text(record, "priority")
    try:
        if start_after is not None:
            parse_start(start_after, datetime.now().astimezone())
        priority = None if priority is None else parse_priority(priority).value
    except UsageError as error:
        raise NotAStoryError(str(error)) from None
    return JsonLine(_url(record), _options(record), start_after, priority)


def _read_object(line: str) -> dict[str, object]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        raise NotAStoryError('not a JSON object such as {"url": "…", "options": {}}') from None
    if not isinstance(record, dict):
        raise NotAStoryError('not a JSON object; write {"url": "…", "options": {}}')
    return record


def _url(record: Mapping[str, object]) -> str:
    if "url" not in record:
        raise NotAStoryError('no "url" in the JSON object')
    url = record["url"]
    if not isinstance(url, str):
        raise NotAStoryError('"url" is not a string')
    return url


def _options(record: Mapping[str, object]) -> dict[str, object]:
    options = {} if record.get("options") is None else record["options"]
    if not isinstance(options, dict):
        raise NotAStoryError('"options" is not a JSON object')
    if secret := next((name for name in options if names_secret(name)), None):
        raise NotAStoryError(
            f'the option "{secret}" is refused, because keys and passwords are never sent in messages; '
            "set them on the workers"
        )
    return options


def _text(record: Mapping[str, object], key: str) -> str | None:
    value = record.get(key)
    if value is None or isinstance(value, str):
        return value
    raise NotAStoryError(f'"{key}" is not a string')
