"""What gt-report prints of one batch, in any form."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gt_common.cli.counter import Counter
from gt_common.messages import utc_now
from gt_common.report.building import WholeBatch, screenful_of
from gt_common.texts import short_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from gt_common.ledger import AttemptSpan
    from gt_common.ledger.overview import Overview
    from gt_common.ledger.reader import LedgerReader
    from gt_common.ledger.snapshot import Snapshot
    from gt_common.ledger.unchecked_stories import UncheckedStory
    from gt_common.lifecycle import StoryState
    from gt_consumer.report.request import Form, Request

_BETWEEN: Final = 1_000
"""Stories that are read before it is noted how many."""


def print_report(ledger: LedgerReader, request: Request, batch_id: str, currency: str) -> None:
    """Print a batch in the form that was asked for, and write its page.

    A terminal gets what fits, and a judgement needs no more; every story is for other readers.

    Parameters:
        currency: of all costs

    Raises:
        NoSuchBatchError: the ledger does not know the batch
        OutputError: the page cannot be written, or there is no room for temporary files
    """
    whole = request.form != "table" or request.html is not None
    if not whole and not request.all and (sys.stdout.isatty() or request.exit_status):
        from gt_common.cli.console import make_console
        from gt_common.report.final import print_screenful

        now = utc_now().astimezone()
        print_screenful(make_console(), screenful_of(ledger.overview(batch_id), now, currency), now)
        return
    page = request.html
    shows_nothing = page is not None and request.form == "table"
    with _counting(quiet=shows_nothing) as counter, ledger.snapshot(batch_id) as snapshot:
        stories = partial(_counted, snapshot, counter) if counter else snapshot.stories
        batch = WholeBatch(snapshot.head, stories, currency)
        _print_whole(batch, request.form, quiet=page is not None)
        if page is not None:
            from gt_common.report.latest_attempts import attempts_to_show

            _write_page(batch, attempts_to_show(ledger, snapshot), page)
    if page is not None:
        print(f"report written to {short_path(page)}", file=sys.stderr)


@contextmanager
def _counting(*, quiet: bool) -> Iterator[Counter | None]:
    """Yield what says how far a report is; None if a terminal shows the report itself.

    Parameters:
        quiet: whether nothing is printed on standard output
    """
    if sys.stdout.isatty() and not quiet:
        yield None
        return
    counter = Counter()
    with counter.ticking():
        counter.step("copying the batch")
        yield counter


def _counted(snapshot: Snapshot, counter: Counter) -> Iterator[StoryState | UncheckedStory]:
    """Yield the stories of a batch, and note how many were read."""
    for number, story in enumerate(snapshot.stories()):
        if not number % _BETWEEN:
            counter.show("read", number, snapshot.size)
        yield story
    counter.step("writing", snapshot.size)


def _print_whole(batch: WholeBatch, form: Form, *, quiet: bool) -> None:
    """Print every story of a batch.

    Parameters:
        quiet: omit the table, as when a page is written; forms for programs are printed nevertheless
    """
    if form == "json":
        from gt_common.report import json_out

        json_out.write(batch, utc_now(), sys.stdout)
    elif form == "csv":
        from gt_common.report import csv_out

        _begin_csv()
        csv_out.write(batch, utc_now(), sys.stdout)
    elif form == "markdown":
        from gt_common.report import markdown

        markdown.write(batch, utc_now(), sys.stdout)
    elif not quiet:
        print_table(batch)


def print_table(batch: WholeBatch) -> None:
    """Print every story as a table; on a terminal through the pager."""
    from gt_common.cli.console import make_console
    from gt_common.report import listing

    lines = listing.lines(batch, utc_now().astimezone(), make_console())
    if sys.stdout.isatty():
        from gt_common.cli.pager import page_through

        page_through(lines)
    else:
        sys.stdout.writelines(lines)


def _begin_csv() -> None:
    """Prepare for CSV; a file begins with the mark by which spreadsheets recognise UTF-8."""
    out = sys.stdout
    if isinstance(out, io.TextIOWrapper) and _is_empty_file(out):
        out.reconfigure(encoding="utf-8")
        out.write("\ufeff")


def _is_empty_file(out: io.TextIOWrapper) -> bool:
    try:
        found = os.fstat(out.fileno())
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and not found.st_size


def _write_page(batch: WholeBatch, spans: Sequence[AttemptSpan] | None, path: Path) -> None:
    """Write the report as a page, whole or not at all."""
    from gt_common.files import write_text_atomically
    from gt_common.report import html

    folder = path.absolute().parent
    write_text_atomically(path, lambda out: html.write(batch, None, out, spans, folder=folder))


def screen(overview: Overview, height: int, currency: str) -> RenderableType:
    """Format a batch with local times, to fit a screen of `height` lines."""
    from gt_common.report import table
    from gt_common.report.final import rows_on

    now = utc_now().astimezone()
    shown = screenful_of(overview, now, currency)
    return table.render(shown, now, max_rows=rows_on(height, shown), commands=())
