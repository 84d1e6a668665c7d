"""The keys by which all log lines about one story are found: `batch_id`, `story_id`, `attempt`, `worker`."""

from __future__ import annotations

from collections.abc import Mapping

from gt_common.messages.events import BatchOpened, BatchSealed, BatchStories, Event
from gt_common.messages.story import StoryMessage
from gt_common.messages.unknown import UnknownEvent

LogKeys = Mapping[str, str | int | None]


def log_keys(message: StoryMessage | Event | UnknownEvent, worker: str | None = None) -> LogKeys:
    """Return the keys of log lines about a message; bind them with `gt_common.log.log_context`.

    Parameters:
        worker: the worker that handles the message; events name it themselves
    """
    match message:
        case BatchOpened() | BatchStories() | BatchSealed() | UnknownEvent():
            return {"batch_id": message.batch_id}
        case StoryMessage():
            by = worker
        case _:
            by = worker or message.worker
    return {
        "batch_id": message.batch_id,
        "story_id": message.story_id,
        "attempt": message.attempt,
        "worker": by,
    }


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
