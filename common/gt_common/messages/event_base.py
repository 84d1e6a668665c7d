"""What all events share: an id that sorts by time, and the time."""

from __future__ import annotations

import os
import time

from pydantic import AwareDatetime, Field

from gt_common.messages.fields import Identifier, Versioned, utc_now


def new_id() -> str:
    """Return an id that sorts by time, so that a ledger stores new events together (RFC 9562, 5.7)."""
    millis, chance = time.time_ns() // 1_000_000, int.from_bytes(os.urandom(10))
    version = millis << 80 | chance & ~(0xF << 76 | 0x3 << 62) | 0x7 << 76 | 0x2 << 62
    return f"{version:032x}"


class EventOfBatch(Versioned):
    """Base of the events about a batch or one of its stories."""

    event_id: Identifier = Field(default_factory=new_id)
    batch_id: Identifier
    at: AwareDatetime = Field(default_factory=utc_now)


class EventOfFleet(Versioned):
    """Base of the events about all batches that go through the broker."""

    event_id: Identifier = Field(default_factory=new_id)
    at: AwareDatetime = Field(default_factory=utc_now)
