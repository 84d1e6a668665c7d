"""`--again`: publish stories once more whose messages the queue has lost."""

from __future__ import annotations

from collections.abc import Iterator

from gt_common.batches import story_message
from gt_common.errors import CredentialsRefusedError, UsageError
from gt_common.ledger import read_ledger
from gt_common.lifecycle import StoryStatus
from gt_common.messages import StoryEvent, StoryMessage, StoryReleased, StoryRetrying
from gt_common.messaging.waiting import inspect_story_queues
from gt_common.settings import Settings
from gt_common.texts import plural
from gt_producer.produce.journal_state import JournalState
from gt_producer.produce.plan import BatchPlan

_WAITING = {StoryStatus.QUEUED, StoryStatus.RETRYING}


def lost_stories(settings: Settings, plan: BatchPlan, state: JournalState) -> list[StoryMessage]:
    """Return the messages of stories that are published and, according to the ledger, wait in a queue.

    Each continues with the generation, attempt and run that the ledger knows, so it is counted once even if
    its message is still somewhere. The options are those of the list.

    Raises:
        NoSuchBatchError: the ledger does not know the batch
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
    """
    with read_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
        known = ledger.batch(plan.batch_id).stories
    return [
        *_lost(plan, state, {name: story.event for name, story in known.items() if story.status in _WAITING})
    ]


async def check_queues_are_empty(settings: Settings) -> None:
    """Check that no story waits in a queue, as far as this user may see the queues.

    Raises:
        UsageError: a story waits, so that the queue has not lost everything
        BrokerUnreachableError: the broker cannot be asked
    """
    try:
        waiting = sum(info.messages or 0 for info in await inspect_story_queues(settings))
    except CredentialsRefusedError:
        return
    if waiting:
        raise UsageError(
            f"--again: {plural(waiting, 'story')} still in the queues of {settings.namespace}; it is for "
            "queues that are empty although gt-report shows stories in them"
        )


def _lost(
    plan: BatchPlan, state: JournalState, waiting: dict[str, StoryEvent | None]
) -> Iterator[StoryMessage]:
    for placed in plan.stories:
        if state.has_published(placed.story_id) and placed.story_id in waiting:
            yield _continued(story_message(plan.batch_id, placed, plan.schedule), waiting[placed.story_id])


def _continued(message: StoryMessage, event: StoryEvent | None) -> StoryMessage:
    match event:
        case None:
            return message
        case StoryReleased():
            counts = {"attempt": event.attempt, "run": event.run + 1}
            waited = {"waits": event.waits, "wait_error": event.error}
            message = message.model_copy(update=waited)
        case StoryRetrying():
            counts = {"attempt": event.attempt + 1, "run": 0}
        case _:
            counts = {}
    return message.model_copy(update={"generation": event.generation, **counts})
