"""gt-report --watch: follow a batch in the ledger until it ends."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from rich.live import Live

from gt_common.cli.console import make_console
from gt_common.errors import NoSuchBatchError
from gt_common.ledger.find_batch import check_known
from gt_common.lifecycle import BatchPhase, BatchState
from gt_common.messages import utc_now
from gt_common.progress.lines import overall_line
from gt_consumer.report.printing import LISTED, screen

if TYPE_CHECKING:
    from gt_common.ledger.ledger import LedgerReader


def watch(ledger: LedgerReader, batch_id: str, interval: float) -> None:
    """Follow a batch until every story is final: redrawn on a terminal, else one line per change.

    Parameters:
        interval: seconds between two checks of the ledger's version; only a new version is read
    """
    console = make_console()
    on_terminal = sys.stdout.isatty() and not console.is_dumb_terminal
    state = ledger.batch(batch_id)
    if not on_terminal:
        _follow_plainly(ledger, state, interval)
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        version = None
        while True:
            if (seen := ledger.version()) != version:
                version, state = seen, ledger.batch(batch_id)
                live.update(screen(state, console.size.height), refresh=True)
            if state.phase is not BatchPhase.OPEN:
                return
            time.sleep(interval)


def wait_for(ledger: LedgerReader, batch_id: str, seconds: float, interval: float) -> None:
    """Wait until the ledger knows a batch that may just have been published.

    Parameters:
        seconds: how long to wait
        interval: seconds between two checks of the ledger's version

    Raises:
        NoSuchBatchError: the ledger still does not know it
    """
    until, version = time.monotonic() + seconds, None
    while True:
        if (seen := ledger.version()) != version:
            version = seen
            if any(summary.batch_id == batch_id for summary in ledger.batches(LISTED)):
                return
        if time.monotonic() >= until:
            break
        time.sleep(min(interval, 0.5))
    try:
        check_known(ledger, batch_id)
    except NoSuchBatchError as error:
        raise NoSuchBatchError(f"{error}; if it was just published: is gt-aggregate running?") from None


def _follow_plainly(ledger: LedgerReader, state: BatchState, interval: float) -> None:
    version, said = None, ""
    while True:
        if (seen := ledger.version()) != version:
            version, state = seen, ledger.batch(state.batch_id)
            line = overall_line(state, utc_now())
            if line != said:
                print(line, file=sys.stderr, flush=True)
                said = line
        if state.phase is not BatchPhase.OPEN:
            return
        time.sleep(interval)
