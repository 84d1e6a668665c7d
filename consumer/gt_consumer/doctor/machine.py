"""What gt-doctor looks at on this machine and in the ledger."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime

from gt_common.durations import say_duration
from gt_common.errors import GossipToonError
from gt_common.ledger import examine_ledger
from gt_common.lifecycle import StoryStatus
from gt_common.messages import utc_now
from gt_common.settings import Settings
from gt_consumer.doctor.finding import Finding, fail, ok, warn
from gt_consumer.orchestrator.check import check_orchestrator
from gt_consumer.storage.finished_videos import check_output
from gt_consumer.worker.retry_rules import parse_rules

LITTLE_BYTES = 2_000_000_000
TOO_LITTLE_BYTES = 200_000_000
CLOCK_S = 5.0
LONG_S = 3600.0


def look_at_ledger(settings: Settings) -> Iterator[Finding]:
    """Check that the ledger answers, can be written and has our tables; neither makes nor changes it.

    Raises:
        LedgerUnreachableError, CredentialsRefusedError, UsageError: it cannot be used
    """
    look = examine_ledger(settings.ledger, timeout=settings.connect_timeout)
    now = utc_now()
    if look.revision is None:
        yield warn("ledger", f"{look.label} is empty or not there yet", "gt-aggregate or gt-batch makes it")
    elif look.revision != look.newest:
        older = look.revision < look.newest
        cure = "gt-aggregate brings it up to date" if older else "upgrade gt-common on this machine"
        said = f"{look.label} has schema {look.revision}, this version knows {look.newest}"
        yield warn("ledger", said, cure) if older else fail("ledger", said, cure)
    else:
        yield ok("ledger", f"{look.label} can be written and has schema {look.revision}")
        yield ok("failed", f"{look.failed} stories are dead letters by the ledger")
    yield _clock(look.server_time, now)
    if look.waiting is not None and look.waiting.opened_at is not None:
        age = (now - look.waiting.opened_at).total_seconds()
        queued = look.waiting.counts[StoryStatus.QUEUED]
        waited = say_duration(max(0.0, age))
        said = f"{queued} stories of batch {look.waiting.batch_id} are queued, opened {waited} ago"
        yield (
            warn("oldest story", said, "see whether workers run")
            if age > LONG_S
            else ok("oldest story", said)
        )


def look_at_folders(settings: Settings) -> Iterator[Finding]:
    """Check the output folder and its disk.

    Raises:
        OutputError: it cannot be written
    """
    check_output(settings.output)
    folder = settings.output.absolute()
    free = shutil.disk_usage(folder).free
    said = f"{folder} can be written, {free / 1e9:.1f} GB are free"
    cure = "make room or set another GT_OUTPUT"
    if free < TOO_LITTLE_BYTES:
        yield fail("output", said, cure)
    elif free < LITTLE_BYTES:
        yield warn("output", said, cure)
    else:
        yield ok("output", said)


def look_at_orchestrator(settings: Settings) -> Iterator[Finding]:
    """Check that the orchestrator can be loaded and that its own `check()` passes.

    Raises:
        OrchestratorError: it cannot, or the check failed
    """
    lines = check_orchestrator(settings.orchestrator)
    yield ok("orchestrator", f"{settings.orchestrator} can be loaded")
    for line in lines:
        yield ok("orchestrator", line)


def look_at_rules(settings: Settings) -> Iterator[Finding]:
    """Check GT_RETRY_RULES.

    Raises:
        UsageError: they cannot be used
    """
    yield ok("retry rules", f"{len(parse_rules(settings.retry_rules))} of your own")


def look_at_reddit(_settings: Settings) -> Iterator[Finding]:
    """Check that credentials are set; whether Reddit takes them is not asked."""
    from gt_common.reddit.settings import load_reddit_settings

    try:
        load_reddit_settings().credentials()
    except GossipToonError as error:
        says, _, cure = str(error).partition("; ")
        yield warn("reddit", f"{says}; posts cannot be fetched, story files can be told", cure)
    else:
        yield ok("reddit", "credentials are set")


def _clock(server: datetime | None, now: datetime) -> Finding:
    if server is None:
        return ok("clock", "not compared: the ledger has no clock of its own, and AMQP tells none")
    apart = abs((now - server).total_seconds())
    said = f"{apart:.1f} s apart from the ledger's server"
    return ok("clock", said) if apart <= CLOCK_S else warn("clock", said, "synchronise the clocks (NTP)")
