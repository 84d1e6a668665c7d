"""gt-report --watch: follow a batch in the ledger until it ends."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from rich.live import Live
from rich.text import Text

from gt_common.cli.console import make_console
from gt_common.errors import NoSuchBatchError
from gt_common.ledger.find_batch import check_known
from gt_common.ledger.outage import Outage
from gt_common.lifecycle import BatchPhase, BatchState, StoryStatus
from gt_common.messages import GT_BATCH, utc_now
from gt_common.messaging.silence import Silence
from gt_common.progress.lines import overall_line
from gt_common.settings import Settings
from gt_consumer.report.printing import LISTED, screen

if TYPE_CHECKING:
    from gt_common.ledger.ledger import LedgerReader


def watch(ledger: LedgerReader, batch_id: str, interval: float, settings: Settings) -> None:
    """Follow a batch until every story is final: redrawn on a terminal, else one line per change.

    Parameters:
        interval: seconds between two checks of the ledger's version; only a new version is read

    Raises:
        LedgerUnreachableError: the ledger has not answered for too long
    """
    console = make_console()
    if not (sys.stdout.isatty() and not console.is_dumb_terminal):
        said = ""
        for state in _changes(ledger, batch_id, interval, settings, _say):
            line = overall_line(state, utc_now())
            if line != said:
                _say(line)
                said = line
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        for state in _changes(ledger, batch_id, interval, settings, lambda line: console.print(Text(line))):
            live.update(screen(state, console.size.height), refresh=True)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _changes(
    ledger: LedgerReader, batch_id: str, interval: float, settings: Settings, say: Callable[[str], None]
) -> Iterator[BatchState]:
    """Yield the batch whenever the ledger has changed, up to its end; say what keeps it from changing."""
    outage, silence = Outage(say), Silence(settings)
    version, state = None, ledger.batch(batch_id)
    while True:
        seen = outage.read(ledger.version)
        if seen is not None and seen != version and (now := outage.read(lambda: ledger.batch(batch_id))):
            if version is None or now != state:
                silence.broken()
            version, state = seen, now
            yield state
        if state.phase is not BatchPhase.OPEN:
            return
        if missing := _remark(silence, state):
            say(missing)
        time.sleep(interval)


def _remark(silence: Silence, state: BatchState) -> str:
    """Return who is missing, unless the batch needs nobody but the gt-batch that runs it."""
    if not silence.due or (state.opened is not None and state.opened.made_by == GT_BATCH):
        return ""
    return asyncio.run(silence.remark(working=bool(state.counts[StoryStatus.RUNNING])))


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
