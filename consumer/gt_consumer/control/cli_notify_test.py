"""Command line of `gt-control notify-test`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gt_common.cli.app import epilog
from gt_common.errors import ExitCode
from gt_consumer.control.cli_options import Json, run_configured

if TYPE_CHECKING:
    from gt_common.settings import Settings

NOTIFY_TEST_EPILOG = epilog(
    "GT_NOTIFY=json://127.0.0.1:8000/hook gt-control notify-test",
    ExitCode.SOME_FAILED,
    meanings={ExitCode.SOME_FAILED: "a target did not accept the message"},
)


def notify_test(as_json: Json = False) -> None:
    """Send a test message to all whom GT_NOTIFY names.

    It prints who accepted it, and needs neither broker nor ledger. Targets have names that do not give their
    addresses away.
    """

    def work(settings: Settings) -> int:
        from gt_consumer.control.command_notify_test import send_test

        return send_test(settings, as_json=as_json)

    run_configured(work)
