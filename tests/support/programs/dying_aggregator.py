"""gt-aggregate with short waits for notifications, killed without warning at the moment that it is told.

The moments: `commit`, before a group is acked; `claim`, before a notification is sent; `sent`, before it is
noted. Without one it ends by itself.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from unittest.mock import patch

from gt_common.ledger import outbox
from gt_common.ledger.ledger import Ledger
from gt_common.ledger.outbox import Notification, Outbox
from gt_common.log import configure_logging
from gt_common.messages import Event
from gt_common.notify import sender
from gt_common.settings import load_settings
from gt_consumer.aggregator.command import aggregate_results

_apply = Ledger.apply


def die() -> None:
    """Be killed."""
    os.kill(os.getpid(), signal.SIGKILL)


def apply(ledger: Ledger, events: Sequence[Event]) -> int:
    """Commit; then, if that is the moment, be killed."""
    new = _apply(ledger, events)
    if moment == "commit":
        die()
    return new


def claim(box: Outbox, target: str) -> Notification | None:
    """Claim a notification; then, if that is the moment, be killed."""
    found = _claim(box, target)
    if found and moment == "claim":
        die()
    return found


def note_sent(box: Outbox, notification: Notification) -> None:
    """Be killed, if that is the moment; else note that it was sent."""
    if moment == "sent":
        die()
    _note_sent(box, notification)


_claim, _note_sent = Outbox.claim, Outbox.note_sent

if __name__ == "__main__":
    moment = sys.argv[1] if len(sys.argv) > 1 else ""
    settings = load_settings()
    configure_logging(settings)
    with (
        patch.object(Ledger, "apply", apply),
        patch.object(Outbox, "claim", claim),
        patch.object(Outbox, "note_sent", note_sent),
        patch.object(outbox, "GRACE_S", 0.2),
        patch.object(outbox, "LEASE_S", 0.2),
        patch.object(sender, "POLL_S", 0.1),
    ):
        raise SystemExit(aggregate_results(settings, until_idle=True))
