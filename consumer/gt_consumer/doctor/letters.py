"""gt-doctor's comparison of the dead-letter queue with the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from gt_common.errors import CredentialsRefusedError, LedgerUnreachableError
from gt_common.ledger import read_ledger
from gt_common.lifecycle import StoryStatus
from gt_common.messaging.examine import BrokerStatus
from gt_common.messaging.names import Names
from gt_common.settings import Settings
from gt_common.texts import plural
from gt_consumer.doctor.finding import Finding, warn


def look_for_lost_letters(status: BrokerStatus, settings: Settings) -> Iterator[Finding]:
    """Warn of dead letters that the ledger has and the queue does not hold.

    Not while somebody holds letters or events wait for the ledger: both explain a difference.
    """
    names = Names(settings.namespace)
    queue, events = status.queues.get(names.dlq), status.queues.get(names.ledger_queue)
    if queue is None or queue.consumers or events is None or events.messages:
        return
    with suppress(LedgerUnreachableError, CredentialsRefusedError):  # the ledger has a check of its own
        with read_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
            known = ledger.letter_count(StoryStatus.FAILED)
        in_queue = queue.messages or 0
        if known > in_queue:
            said = f"{names.dlq} holds {in_queue}, the ledger has {plural(known, 'dead letter')}"
            why = "the others were purged, or expired or were dropped by a policy"
            cure = f"{why}: `gt-dlq replay --from-ledger`; if the broker has just started, look again"
            yield warn("dead letters", said, cure)
