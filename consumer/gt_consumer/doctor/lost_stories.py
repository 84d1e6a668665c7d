"""gt-doctor's comparison of the queues of stories with the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from gt_common.errors import CredentialsRefusedError, LedgerUnreachableError
from gt_common.ledger import ledger_is_there, read_ledger
from gt_common.lifecycle import StoryStatus
from gt_common.messages import is_local
from gt_common.messaging.examine import BrokerStatus
from gt_common.messaging.names import Names
from gt_common.messaging.waiting import story_queues
from gt_common.settings import Settings
from gt_common.texts import plural
from gt_consumer.doctor.finding import Finding, warn

if TYPE_CHECKING:
    from gt_common.ledger.reader import LedgerReader

LATEST: Final = 200
"""How many batches are looked at, newest first."""


def look_for_lost_stories(status: BrokerStatus, settings: Settings) -> Iterator[Finding]:
    """Warn of stories that wait according to the ledger while the queues that should hold them are empty.

    Not while events wait for the ledger, and not for as many as the workers may hold.
    """
    names = Names(settings.namespace)
    queues = story_queues(settings, ladder=True)
    holding = [status.queues[name] for name in queues if name in status.queues]
    unseen = any(f"queue {name}" in (*status.missing, *status.hidden) for name in queues)
    events = status.queues.get(names.ledger_queue)
    if unseen or any(queue.messages for queue in holding):
        return
    if events is None or events.messages or not ledger_is_there(settings.ledger):
        return
    held = (status.queues[names.stories].consumers or 0) * settings.prefetch
    with suppress(LedgerUnreachableError, CredentialsRefusedError):  # the ledger has a check of its own
        with read_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
            waiting = _waiting(ledger)
        if sum(waiting.values()) > held:
            yield from (_lost(batch_id, count, names.stories) for batch_id, count in waiting.items())


def _waiting(ledger: LedgerReader) -> dict[str, int]:
    """Return how many stories wait in a queue of the broker, by batch."""
    found: dict[str, int] = {}
    for batch in ledger.batches(LATEST):
        count = sum(batch.counts.get(status, 0) for status in (StoryStatus.QUEUED, StoryStatus.RETRYING))
        if count and (opened := ledger.head(batch.batch_id).opened) and not is_local(opened):
            found[batch.batch_id] = count
    return found


def _lost(batch_id: str, count: int, queue: str) -> Finding:
    said = f"{plural(count, 'story')} of batch {batch_id} should wait in {queue}, which is empty"
    why = "the queue was purged, or its messages expired"
    return warn("stories", said, f"{why}: `gt-produce --batch-id {batch_id} --again` with the batch's list")
