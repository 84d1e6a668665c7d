"""gt-doctor's checks of the ledger and of this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import datetime

from gt_common.durations import say_duration
from gt_common.errors import GossipToonError
from gt_common.ledger import examine_ledger
from gt_common.lifecycle import StoryStatus
from gt_common.messages import utc_now
from gt_common.notify.targets import open_targets
from gt_common.settings import Settings
from gt_common.texts import plural
from gt_consumer.doctor.finding import Finding, fail, ok, warn
from gt_consumer.orchestrator.check import check_orchestrator
from gt_consumer.runner.prices import read_prices
from gt_consumer.storage.finished_videos import check_output
from gt_consumer.worker.machine_limits import LITTLE_BYTES, handles_needed, too_few_handles
from gt_consumer.worker.retry_rules import parse_rules

TOO_LITTLE_BYTES = 200_000_000
CLOCK_S = 5.0
LONG_S = 3600.0


def look_at_ledger(settings: Settings) -> Iterator[Finding]:
    """Check that the ledger answers, can be written and has current tables; it is not created or changed.

    Raises:
        LedgerUnreachableError, CredentialsRefusedError, UsageError: it cannot be used
    """
    status = examine_ledger(settings.ledger, timeout=settings.connect_timeout)
    now = utc_now()
    if status.revision is None:
        yield warn(
            "ledger", f"{status.label} does not exist yet or is empty", "gt-aggregate or gt-batch creates it"
        )
    elif status.revision != status.newest:
        older = status.revision < status.newest
        cure = "gt-aggregate migrates it" if older else "upgrade gt-common on this machine"
        said = f"{status.label} has schema {status.revision}, this version uses {status.newest}"
        yield warn("ledger", said, cure) if older else fail("ledger", said, cure)
    else:
        yield ok("ledger", f"{status.label} can be written and has schema {status.revision}")
        yield ok("failed", f"{plural(status.failed, 'dead letter')} according to the ledger")
        if status.unknown:
            kinds = ", ".join(status.unknown)
            said = f"{plural(sum(status.unknown.values()), 'event')} of a newer version kept unread: {kinds}"
            yield warn("newer events", said, "upgrade gt-aggregate, which then folds them")
    yield _clock(status.server_time, now)
    if status.waiting is not None and status.waiting.opened_at is not None:
        age = (now - status.waiting.opened_at).total_seconds()
        queued = status.waiting.counts[StoryStatus.QUEUED]
        waited = say_duration(max(0.0, age))
        said = f"batch {status.waiting.batch_id}, opened {waited} ago: {plural(queued, 'story')} queued"
        yield (
            warn("oldest story", said, "check that workers are running")
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
    said = f"{folder} can be written, {free / 1e9:.1f} GB free"
    cure = "free some space or set another GT_OUTPUT"
    if free < TOO_LITTLE_BYTES:
        yield fail("output", said, cure)
    elif free < LITTLE_BYTES:
        yield warn("output", said, cure)
    else:
        yield ok("output", said)


def look_at_handles(settings: Settings) -> Iterator[Finding]:
    """Compare the limit of file handles with what the slots of a worker need."""
    needed, limit = handles_needed(settings.prefetch), too_few_handles(settings.prefetch)
    said = f"{plural(settings.prefetch, 'slot')} may need {needed}"
    if limit is None:
        yield ok("file handles", f"enough: {said}")
    else:
        yield warn("file handles", f"{said}, the limit is {limit}", "raise `ulimit -n` or lower GT_PREFETCH")


def look_at_orchestrator(settings: Settings) -> Iterator[Finding]:
    """Check that the orchestrator can be loaded and that the check it offers passes.

    Raises:
        OrchestratorError, CredentialsRefusedError, MachineUnfitError: it cannot, or the check failed
    """
    lines = check_orchestrator(settings.orchestrator_to_run, settings.check_timeout, settings.cwd)
    yield ok("orchestrator", f"{settings.orchestrator} can be loaded")
    for line in lines:
        yield ok("orchestrator", line)


def look_at_story_roots(settings: Settings) -> Iterator[Finding]:
    """Check the folders below which story files are read."""
    if not settings.story_roots:
        yield ok("story files", "gt-consume reads none; to allow folders, set GT_STORY_ROOTS")
    for root in settings.story_roots:
        if root.is_dir() and os.access(root, os.R_OK | os.X_OK):
            yield ok("story files", f"read below {root}")
        else:
            yield warn("story files", f"{root} is not a folder that can be read", "check GT_STORY_ROOTS")


def look_at_rules(settings: Settings) -> Iterator[Finding]:
    """Check GT_RETRY_RULES.

    Raises:
        UsageError: they cannot be used
    """
    rules = parse_rules(settings.retry_rules)
    yield ok("retry rules", plural(len(rules), "custom rule") if rules else "no custom rules")


def look_at_prices(settings: Settings) -> Iterator[Finding]:
    """Check the file of GT_PRICES; without one nothing is shown.

    Raises:
        UsageError: it cannot be used
    """
    prices = read_prices(settings.prices)
    if settings.prices is not None:
        yield ok("prices", f"{plural(len(prices), 'price')} in {settings.currency} in {settings.prices}")


def look_at_notifications(settings: Settings) -> Iterator[Finding]:
    """Check the addresses in GT_NOTIFY; nothing is sent.

    Raises:
        UsageError: one is invalid, or the library is missing
    """
    targets = open_targets(settings)
    if targets:
        names = ", ".join(target.name for target in targets)
        yield ok("notifications", f"go to {names}; to send a test: gt-control notify-test")
    else:
        yield ok("notifications", "none; to get some, set GT_NOTIFY")


def look_at_reddit(_settings: Settings) -> Iterator[Finding]:
    """Check that credentials are set; Reddit is not asked whether it accepts them."""
    from gt_common.reddit.settings import load_reddit_settings

    try:
        load_reddit_settings().credentials()
    except GossipToonError as error:
        says, _, cure = str(error).partition("; ")
        yield warn("reddit", f"{says}; Reddit posts cannot be fetched", cure)
    else:
        yield ok("reddit", "credentials are set")


def _clock(server: datetime | None, now: datetime) -> Finding:
    if server is None:
        return ok("clock", "not compared: this ledger has no clock of its own, and AMQP does not offer one")
    apart = abs((now - server).total_seconds())
    said = f"differs by {apart:.1f} s from the ledger server's"
    return ok("clock", said) if apart <= CLOCK_S else warn("clock", said, "synchronise the clocks (NTP)")
