"""What is sent through the broker: story messages and result events.

Only the JSON body counts; headers are for people who look into a queue.
"""

from gt_common.messages.codec import MAX_BODY, decode_event, decode_story, encode
from gt_common.messages.events import (
    EVENT_TYPES,
    BatchEvent,
    BatchOpened,
    BatchSealed,
    BatchStories,
    Event,
    StoryCancelled,
    StoryEntry,
    StoryEvent,
    StoryFailed,
    StoryReleased,
    StoryRequeued,
    StoryRetrying,
    StoryStage,
    StoryStarted,
    StorySucceeded,
)
from gt_common.messages.fields import (
    MAX_ORDINAL,
    Count,
    Identifier,
    Label,
    Ordinal,
    Reason,
    Seconds,
    Url,
    utc_now,
)
from gt_common.messages.log_keys import LogKeys, header_log_keys, log_keys
from gt_common.messages.made_from import MadeFrom, made_from
from gt_common.messages.story import (
    GT_BATCH,
    MAX_ERRORS,
    AttemptError,
    Replay,
    Restore,
    StoryIdentity,
    StoryMessage,
)
from gt_common.messages.unknown import UnknownEvent

__all__ = [
    "EVENT_TYPES",
    "GT_BATCH",
    "MAX_BODY",
    "MAX_ERRORS",
    "MAX_ORDINAL",
    "AttemptError",
    "BatchEvent",
    "BatchOpened",
    "BatchSealed",
    "BatchStories",
    "Count",
    "Event",
    "Identifier",
    "Label",
    "LogKeys",
    "MadeFrom",
    "Ordinal",
    "Reason",
    "Replay",
    "Restore",
    "Seconds",
    "StoryCancelled",
    "StoryEntry",
    "StoryEvent",
    "StoryFailed",
    "StoryIdentity",
    "StoryMessage",
    "StoryReleased",
    "StoryRequeued",
    "StoryRetrying",
    "StoryStage",
    "StoryStarted",
    "StorySucceeded",
    "UnknownEvent",
    "Url",
    "decode_event",
    "decode_story",
    "encode",
    "header_log_keys",
    "log_keys",
    "made_from",
    "utc_now",
]
