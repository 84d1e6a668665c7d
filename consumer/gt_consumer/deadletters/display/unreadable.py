"""How gt-dlq shows messages that cannot be read."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence

from gt_common.texts import one_line
from gt_consumer.deadletters.display.documents import INDENT, Document
from gt_consumer.deadletters.display.tables import format_time
from gt_consumer.deadletters.unreadable import UnreadableMessage

EXCERPT = 200


def message_row(message: UnreadableMessage) -> Document:
    """Return one message as in the JSON of `gt-dlq list --unreadable`."""
    return {
        "id": message.id,
        "reason": message.reason,
        "size": len(message.body),
        "excerpt": _excerpt(message),
        "at": message.at.isoformat(),
        "batch_id": message.named.batch_id if message.named else None,
        "story_id": message.named.story_id if message.named else None,
    }


def full_message(message: UnreadableMessage) -> Document:
    """Return one message with its body: `text`, or `base64` if it is not UTF-8."""
    text = _text(message)
    body: Document = (
        {"text": text} if text is not None else {"base64": base64.b64encode(message.body).decode()}
    )
    return {**message_row(message), "headers": {**message.headers}, **body}


def message_lines(messages: Sequence[UnreadableMessage]) -> Iterator[str]:
    """Format messages as two lines each."""
    for message in messages:
        named = message.named
        about = f", story {named.story_id} of batch {named.batch_id}" if named else ""
        yield (
            f"{message.id}  {format_time(message.at)}  {len(message.body)} bytes{about}: "
            f"{one_line(message.reason)}"
        )
        yield f"{INDENT}{one_line(_excerpt(message))}"


def _excerpt(message: UnreadableMessage) -> str:
    return message.body[:EXCERPT].decode("utf-8", "backslashreplace")


def _text(message: UnreadableMessage) -> str | None:
    try:
        return message.body.decode()
    except UnicodeDecodeError:
        return None
