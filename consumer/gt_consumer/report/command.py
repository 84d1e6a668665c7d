"""gt-report: find the batch, show it in the form that was asked for, judge it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gt_common.errors import ExitCode
from gt_common.ledger import read_ledger
from gt_common.ledger.find_batch import check_known
from gt_common.log import configure_logging
from gt_common.report.final import exit_code
from gt_common.settings import Settings, load_settings
from gt_consumer.report.printing import print_batches, print_report, write_page
from gt_consumer.report.watch import wait_for, watch

if TYPE_CHECKING:
    from gt_common.ledger.ledger import LedgerReader
    from gt_consumer.report.request import Request

WAIT_S: Final = 10.0
"""Seconds that --watch waits for a batch that may just have been published."""


def run(request: Request) -> int:
    """Do what the request asks and return the exit code.

    Raises:
        NoSuchBatchError: the ledger does not know the batch
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
        OutputError: the page cannot be written
    """
    settings = load_settings()
    with read_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
        if request.batch_id is None:
            print_batches(ledger, as_json=request.form == "json")
            return ExitCode.DONE
        return _show(ledger, request, request.batch_id, settings)


def _show(ledger: LedgerReader, request: Request, batch_id: str, settings: Settings) -> int:
    if request.watch:
        configure_logging(settings)
        wait_for(ledger, batch_id, WAIT_S, request.interval)
        watch(ledger, batch_id, request.interval, settings)
    else:
        check_known(ledger, batch_id)
    report = print_report(ledger, batch_id, request.form, quiet=request.html is not None)
    if request.html is not None:
        write_page(ledger, report, request.html)
    return exit_code(report.state) if request.exit_status else ExitCode.DONE
