"""Pauses and resumes a batch or the whole fleet: an order to the workers, and an event for the ledger."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from gt_common.cli.operator import check_reason
from gt_common.errors import UsageError
from gt_common.ledger.reader import LedgerReader
from gt_common.messages import (
    BatchHold,
    BatchPaused,
    BatchResumed,
    FleetHold,
    FleetPaused,
    FleetResumed,
    StopRules,
    utc_now,
)
from gt_common.messaging.control.holds import HoldOrder
from gt_common.messaging.control.notices import HoldNotice, notice_of

TAKEN_S: Final = 10.0
"""Longest time until the ledger has the event, in seconds."""
POLL_S: Final = 0.1


@dataclass(frozen=True)
class PauseOrder:
    """The order to pause or resume.

    Parameters:
        batch_id: None for the whole fleet
        pause: False to resume
        by: the operator, such as `user@host`
        rules: stop rules that a batch gets when it is resumed; None leaves them as they are

    Raises:
        UsageError: the reason is too long, or the fleet is to get stop rules
    """

    batch_id: str | None
    pause: bool
    by: str
    reason: str | None
    rules: StopRules | None = None
    at: datetime = field(default_factory=utc_now)

    def __post_init__(self) -> None:
        check_reason(self.reason)
        if self.rules is not None and self.batch_id is None:
            raise UsageError("--max-failures and --max-cost are rules of a batch: name the batch")

    @property
    def what(self) -> str:
        """What it concerns, in words."""
        return "the fleet" if self.batch_id is None else f"batch {self.batch_id}"

    def notice(self, revision: int) -> HoldOrder:
        """Return the order for the workers."""
        return notice_of(self.event(revision))

    def event(self, revision: int) -> BatchHold | FleetHold:
        """Return the event for the ledger."""
        if self.batch_id is None:
            of_fleet = FleetPaused if self.pause else FleetResumed
            return of_fleet(revision=revision, at=self.at, by=self.by, reason=self.reason)
        if self.pause:
            return BatchPaused(
                batch_id=self.batch_id, revision=revision, at=self.at, by=self.by, reason=self.reason
            )
        return BatchResumed(
            batch_id=self.batch_id,
            revision=revision,
            at=self.at,
            by=self.by,
            reason=self.reason,
            max_failures=self.rules.max_failures if self.rules else None,
            max_cost=self.rules.max_cost if self.rules else None,
        )


@dataclass(frozen=True)
class Standing:
    """What the workers were ordered last, and what the ledger knows; None if nothing.

    They differ if a command was killed between its order and its event.
    """

    order: HoldOrder | None
    event: BatchHold | FleetHold | None

    @property
    def revision(self) -> int:
        """The greatest revision so far."""
        return max(known.revision if known else 0 for known in (self.order, self.event))

    def is_so(self, *, paused: bool) -> bool:
        """Whether both say that it is paused, or that it is not."""
        in_ledger = isinstance(self.event, BatchPaused | FleetPaused)
        return isinstance(self.order, HoldNotice) == paused == in_ledger


def known_event(ledger: LedgerReader, batch_id: str | None) -> BatchHold | FleetHold | None:
    """Return the latest pause or resumption that the ledger knows of."""
    return ledger.fleet_hold() if batch_id is None else ledger.hold(batch_id)


async def wait_taken(ledger: LedgerReader, order: PauseOrder, revision: int) -> bool:
    """Wait until the ledger has the event; return False if that takes longer than TAKEN_S.

    Raises:
        LedgerUnreachableError, CredentialsRefusedError: it cannot be read
    """
    deadline = time.monotonic() + TAKEN_S
    while True:
        known = await asyncio.to_thread(known_event, ledger, order.batch_id)
        if known is not None and known.revision >= revision:
            return True
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(POLL_S)
