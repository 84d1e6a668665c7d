"""Reads which story a message was about when the message itself cannot be read."""

from __future__ import annotations

import codecs
import json
import zlib
from collections.abc import Iterator, Mapping

from pydantic import JsonValue, TypeAdapter, ValidationError

from gt_common.messages import MAX_BODY
from gt_common.messages.fields import Identifier, Ordinal, Url

_GZIP = b"\x1f\x8b"
_FIELDS: Mapping[str, TypeAdapter[str] | TypeAdapter[int]] = {
    "batch_id": TypeAdapter(Identifier),
    "story_id": TypeAdapter(Identifier),
    "generation": TypeAdapter(Ordinal),
    "attempt": TypeAdapter(Ordinal),
    "position": TypeAdapter(Ordinal),
    "url": TypeAdapter(Url),
}


def salvage(body: bytes) -> dict[str, str | int]:
    """Return the valid ones among the fields that identify a story, from a damaged body.

    An event names a story, too, but is not one. A body may be of another version, incomplete, compressed with
    gzip, in UTF-16, or begin with a byte-order mark; no more than the size of a valid one is decompressed.
    """
    for text in _texts(_decompressed(body)):
        document = _parsed(text)
        if isinstance(document, dict):
            return {} if "event_id" in document else dict(_valid(document))
    return {}


def _decompressed(body: bytes) -> bytes:
    if not body.startswith(_GZIP):
        return body
    try:
        return zlib.decompressobj(wbits=31).decompress(body, MAX_BODY)
    except zlib.error:
        return b""


def _texts(body: bytes) -> Iterator[str]:
    utf16 = body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    little_endian = "utf-16-le" if body[1:2] == b"\0" else "utf-16-be"
    for encoding in ("utf-16",) if utf16 else ("utf-8-sig", little_endian):
        try:
            yield body[: MAX_BODY * 2].decode(encoding)
        except UnicodeDecodeError:
            continue


def _parsed(text: str) -> JsonValue:
    try:
        document: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return document


def _valid(document: dict[str, JsonValue]) -> Iterator[tuple[str, str | int]]:
    for name, field in _FIELDS.items():
        try:
            yield name, field.validate_python(document.get(name), strict=True)
        except ValidationError:
            continue
