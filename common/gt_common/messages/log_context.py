"""The keys by which all log lines about one story are found: `batch_id`, `story_id`, `attempt`, `worker`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from gt_common.messages.story import StoryMessage

if TYPE_CHECKING:
    from gt_common.messages.events import Event
    from gt_common.messages.unknown import UnknownEvent

LogKeys = Mapping[str, str | int | None]
_OF_STORY: Final = ("batch_id", "story_id", "attempt")


def log_keys(message: StoryMessage | Event | UnknownEvent, worker: str | None = None) -> LogKeys:
    """Return the keys of log lines about a message; bind them with `gt_common.log.log_context`.

    Parameters:
        worker: the worker that handles the message; events name it themselves
    """
    fields = type(message).model_fields
    if "story_id" not in fields:
        return {"batch_id": getattr(message, "batch_id", None)} if "batch_id" in fields else {}
    by = worker if isinstance(message, StoryMessage) else worker or getattr(message, "worker", None)
    return {name: getattr(message, name) for name in _OF_STORY} | {"worker": by}


def header_log_keys(headers: Mapping[str, object], worker: str | None = None) -> LogKeys:
    """Return the keys of log lines about a message whose body cannot be read, from its `gt-` headers.

    Empty when the headers name no story.
    """
    batch_id, story_id = headers.get("gt-batch-id"), headers.get("gt-story-id")
    if not (isinstance(batch_id, str) and isinstance(story_id, str)):
        return {}
    attempt = headers.get("gt-attempt")
    return {
        "batch_id": batch_id[:64],
        "story_id": story_id[:64],
        "attempt": attempt if isinstance(attempt, int) else None,
        "worker": worker,
    }
