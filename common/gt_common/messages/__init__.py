"""What is sent through the broker: story messages and result events.

Only the JSON body counts; headers are for people who look into a queue. A command uses few of the models, and
each takes time to make, so that their modules are loaded when one of their names is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gt_common import lazy_names

if TYPE_CHECKING:
    from gt_common.messages.batch_events import (
        BatchOpened,
        BatchSealed,
        BatchStories,
        StoryEntry,
        is_local,
    )
    from gt_common.messages.codec import MAX_BODY, decode_event, decode_story, encode, routing_key
    from gt_common.messages.events import EVENT_TYPES, BatchEvent, Event, FleetEvent, StoryEvent
    from gt_common.messages.fields import (
        MAX_ORDINAL,
        MAX_PROVIDERS,
        MAX_REASON,
        Cost,
        Count,
        Identifier,
        Label,
        Ordinal,
        Reason,
        Seconds,
        Url,
        utc_now,
    )
    from gt_common.messages.hold_events import (
        BatchHold,
        BatchPaused,
        BatchResumed,
        FleetHold,
        FleetPaused,
        FleetResumed,
        Paused,
    )
    from gt_common.messages.log_context import LogKeys, header_log_keys, log_keys
    from gt_common.messages.provenance import MadeFrom, made_from, orchestrator_name
    from gt_common.messages.stop_rules import (
        MOST_COST,
        STOP_RULE,
        CostLimit,
        FailureLimit,
        StopRules,
        rules_after,
    )
    from gt_common.messages.story import (
        GT_BATCH,
        MAX_ERRORS,
        START,
        AttemptError,
        Replay,
        Restore,
        StoryIdentity,
        StoryMessage,
    )
    from gt_common.messages.story_events import (
        StoryCancelled,
        StoryFailed,
        StoryReleased,
        StoryRequeued,
        StoryRetrying,
        StorySpent,
        StoryStage,
        StoryStarted,
        StorySucceeded,
    )
    from gt_common.messages.unknown import UnknownEvent
    from gt_common.stories.priority import Priority

_MODULES: Final = (
    "fields",
    "story",
    "stop_rules",
    "batch_events",
    "unknown",
    "codec",
    "log_context",
    "provenance",
    "hold_events",
    "story_events",
    "events",
)
"""What has the public names; what most commands need comes first."""

__all__ = [
    "EVENT_TYPES",
    "GT_BATCH",
    "MAX_BODY",
    "MAX_ERRORS",
    "MAX_ORDINAL",
    "MAX_PROVIDERS",
    "MAX_REASON",
    "MOST_COST",
    "START",
    "STOP_RULE",
    "AttemptError",
    "BatchEvent",
    "BatchHold",
    "BatchOpened",
    "BatchPaused",
    "BatchResumed",
    "BatchSealed",
    "BatchStories",
    "Cost",
    "CostLimit",
    "Count",
    "Event",
    "FailureLimit",
    "FleetEvent",
    "FleetHold",
    "FleetPaused",
    "FleetResumed",
    "Identifier",
    "Label",
    "LogKeys",
    "MadeFrom",
    "Ordinal",
    "Paused",
    "Priority",
    "Reason",
    "Replay",
    "Restore",
    "Seconds",
    "StopRules",
    "StoryCancelled",
    "StoryEntry",
    "StoryEvent",
    "StoryFailed",
    "StoryIdentity",
    "StoryMessage",
    "StoryReleased",
    "StoryRequeued",
    "StoryRetrying",
    "StorySpent",
    "StoryStage",
    "StoryStarted",
    "StorySucceeded",
    "UnknownEvent",
    "Url",
    "decode_event",
    "decode_story",
    "encode",
    "header_log_keys",
    "is_local",
    "log_keys",
    "made_from",
    "orchestrator_name",
    "routing_key",
    "rules_after",
    "utc_now",
]

__getattr__ = lazy_names(__name__, _MODULES, __all__)
