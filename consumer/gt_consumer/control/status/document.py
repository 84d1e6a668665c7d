"""The JSON document of `gt-control status --json`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import JsonValue

from gt_common.texts import utc_text

if TYPE_CHECKING:
    from gt_common.messaging.presence.beats import Beat, RunningStory
    from gt_consumer.control.status.fleet import Fleet


def status_document(fleet: Fleet) -> dict[str, JsonValue]:
    """Return the document; a queue that this user may not see is null."""
    return {
        "schema": 1,
        "paused": [
            {"batch_id": hold.batch_id, "by": hold.by, "reason": hold.reason, "at": utc_text(hold.at)}
            for hold in fleet.paused
        ],
        "workers": [_worker(worker.beat) for worker in fleet.workers],
        "waits": [
            {
                "provider": wait.provider,
                "until": utc_text(wait.until) if wait.until else None,
                "runs": wait.runs,
            }
            for wait in fleet.waits
        ],
        "queues": {
            name: {"messages": info.messages, "consumers": info.consumers} if info else None
            for name, info in fleet.queues.items()
        },
    }


def _worker(beat: Beat) -> dict[str, JsonValue]:
    return {
        "name": beat.name,
        "host": beat.host,
        "version": beat.version,
        "slots": beat.slots,
        "running": [_story(story) for story in beat.running],
    }


def _story(story: RunningStory) -> dict[str, JsonValue]:
    return {
        "batch_id": story.batch_id,
        "story_id": story.story_id,
        "url": story.url,
        "stage": story.stage,
        "since": utc_text(story.since),
    }
