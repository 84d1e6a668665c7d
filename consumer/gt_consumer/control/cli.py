"""gt-control: the application; each command has a module of its own."""

from __future__ import annotations

from gt_common.cli.app import epilog, make_app
from gt_common.errors import ExitCode
from gt_consumer.control.cli_cancel import CANCEL_EPILOG, cancel_stories
from gt_consumer.control.cli_notify_test import NOTIFY_TEST_EPILOG, notify_test
from gt_consumer.control.cli_pause import PAUSE_EPILOG, RESUME_EPILOG, pause_stories, resume_stories
from gt_consumer.control.cli_status import STATUS_EPILOG, show_status

app = make_app(
    "Cancel, pause and resume batches; see what the fleet does.\n\nWhat an operator orders holds for every "
    "worker, also for those that start later, and for gt-batch.",
    epilog(
        "gt-control status\ngt-control pause monday --reason 'prices have changed'\n"
        "gt-control cancel monday --reason 'wrong list'",
        ExitCode.CREDENTIALS,
        ExitCode.NO_SUCH_BATCH,
        meanings={
            ExitCode.SOME_FAILED: "notify-test: a target did not accept the message",
            ExitCode.UNREACHABLE: "broker or ledger unreachable, or no aggregator took the order",
            ExitCode.NOT_FINISHED: "cancel: the batch is still being published, or its gt-batch is not done",
        },
    ),
)

app.command("cancel", epilog=CANCEL_EPILOG)(cancel_stories)
app.command("pause", epilog=PAUSE_EPILOG)(pause_stories)
app.command("resume", epilog=RESUME_EPILOG)(resume_stories)
app.command("status", epilog=STATUS_EPILOG)(show_status)
app.command("notify-test", epilog=NOTIFY_TEST_EPILOG)(notify_test)
