"""gt-aggregate, killed without warning right after its first commit, before anything is acked."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from unittest.mock import patch

from gt_common.ledger.ledger import Ledger
from gt_common.messages import Event
from gt_common.settings import load_settings
from gt_consumer.aggregator.command import aggregate_results

_apply = Ledger.apply


def apply_and_die(ledger: Ledger, events: Sequence[Event]) -> int:
    """Commit, then be killed."""
    _apply(ledger, events)
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


if __name__ == "__main__":
    with patch.object(Ledger, "apply", apply_and_die):
        raise SystemExit(aggregate_results(load_settings(), until_idle=True))
