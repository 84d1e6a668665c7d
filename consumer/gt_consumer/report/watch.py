"""gt-report --watch: follow a batch in the ledger until it ends."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from rich.live import Live
from rich.text import Text

from gt_common.cli.console import make_console
from gt_common.errors import NoSuchBatchError
from gt_common.ledger.find_batch import check_known
from gt_common.ledger.outage import Outage
from gt_common.lifecycle import BatchPhase, StoryStatus
from gt_common.messages import is_local, utc_now
from gt_common.messaging.silence import Silence
from gt_common.progress.lines import overall_line
from gt_common.report.building import screenful_of
from gt_common.settings import Settings
from gt_consumer.report.printing import screen

if TYPE_CHECKING:
    from gt_common.ledger.overview import Overview
    from gt_common.ledger.reader import LedgerReader

SHARE: Final = 0.02
"""Of its time, what a watch spends on reading and drawing at most: a large batch is looked at less often."""


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
        for overview in _changes(ledger, batch_id, interval, settings, _say):
            shown = screenful_of(overview, utc_now())
            line = overall_line(overview, shown.around.eta, settings.currency)
            if line != said:
                _say(line)
                said = line
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        for overview in _changes(
            ledger, batch_id, interval, settings, lambda line: console.print(Text(line))
        ):
            live.update(screen(overview, console.size.height, settings.currency), refresh=True)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _changes(
    ledger: LedgerReader, batch_id: str, interval: float, settings: Settings, say: Callable[[str], None]
) -> Iterator[Overview]:
    """Yield the batch whenever the ledger has changed, up to its end; say what keeps it from changing."""
    outage, silence, rest = Outage(say), Silence(settings), 0.0
    version, overview = None, ledger.overview(batch_id)
    while True:
        seen = outage.read(ledger.version)
        if seen is not None and seen != version and time.monotonic() >= rest:
            begun = time.monotonic()
            if now := outage.read(lambda: ledger.overview(batch_id)):
                if version is None or now != overview:
                    silence.broken()
                version, overview = seen, now
                yield overview
                rest = time.monotonic() + (time.monotonic() - begun) / SHARE
        if overview.phase is not BatchPhase.OPEN:
            return
        if missing := _remark(silence, overview):
            say(missing)
        time.sleep(interval)


def _remark(silence: Silence, overview: Overview) -> str:
    """Return who is missing, unless the batch needs nobody but the gt-batch that runs it."""
    if not silence.due or is_local(overview.head.opened):
        return ""
    working = bool(overview.counts[StoryStatus.RUNNING])
    return asyncio.run(silence.remark(working=working, paused=overview.paused is not None))


def wait_for(ledger: LedgerReader, batch_id: str, seconds: float, interval: float) -> None:
    """Wait until the ledger knows a batch that may just have been published.

    Parameters:
        seconds: how long to wait
        interval: seconds between two looks into the ledger

    Raises:
        NoSuchBatchError: the ledger still does not know it
    """
    until = time.monotonic() + seconds
    while not ledger.knows(batch_id):
        if time.monotonic() >= until:
            break
        time.sleep(min(interval, 0.5))
    try:
        check_known(ledger, batch_id)
    except NoSuchBatchError as error:
        raise NoSuchBatchError(f"{error}; if it was just published: is gt-aggregate running?") from None
