"""gt-report: find the batch, show it in the form that was asked for, judge it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gt_common.errors import ExitCode
from gt_common.ledger import read_ledger
from gt_common.ledger.find_batch import check_known
from gt_common.log import configure_logging
from gt_common.settings import Settings, load_settings

if TYPE_CHECKING:
    from gt_common.ledger.reader import LedgerReader
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
    configure_logging(settings)
    with read_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
        if request.batch_id is not None:
            return _show(ledger, request, request.batch_id, settings)
        from gt_consumer.report.batch_list import print_batches

        print_batches(ledger, settings.currency, as_json=request.form == "json")
        return ExitCode.DONE


def _show(ledger: LedgerReader, request: Request, batch_id: str, settings: Settings) -> int:
    if request.watch:
        # Only --watch needs the broker's client.
        from gt_consumer.report.watch import wait_for, watch

        wait_for(ledger, batch_id, WAIT_S, request.interval)
        watch(ledger, batch_id, request.interval, settings)
    else:
        check_known(ledger, batch_id)
    from gt_common.report.final import exit_code
    from gt_consumer.report.printing import print_report

    print_report(ledger, request, batch_id, settings.currency)
    return exit_code(ledger.phase(batch_id)) if request.exit_status else ExitCode.DONE
