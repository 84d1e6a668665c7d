"""Which workers are alive: the latest beat of each, read from the last seconds of the stream."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gt_common.messages import utc_now
from gt_common.messaging.delivery import Delivery
from gt_common.messaging.names import Names
from gt_common.messaging.presence.beats import ALIVE_S, Beat, decode_beat
from gt_common.messaging.streams import MarkPublisher, StreamReader, reading
from gt_common.settings import Settings

SKEW_S: Final = 5.0
"""Difference between two clocks from which on it is mentioned."""

_WorkerKey = tuple[str, str, int | None, datetime]


@dataclass(frozen=True)
class LivingWorker:
    """A worker that is alive.

    Parameters:
        ahead_s: seconds by which its clock is ahead of this machine's, negative if it is behind; 0 if they
            agree as far as one can see
    """

    beat: Beat
    ahead_s: float = 0.0


class Roster:
    """The latest beat of each worker; beats may come in any order, and twice.

    Whether a worker is alive is a matter of when its beats come, not of its clock, which may be wrong.

    Parameters:
        clock: returns seconds; tests pass their own
        now: returns the time of day; tests pass their own
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._clock = clock
        self._now = now
        self._latest: dict[_WorkerKey, tuple[float, LivingWorker]] = {}

    def add(self, beat: Beat) -> None:
        """Take a beat that has just come."""
        key = (beat.name, beat.host, beat.pid, beat.started_at)
        known = self._latest.get(key)
        if known is None or _order(beat) > _order(known[1].beat):
            self._latest[key] = (self._clock(), LivingWorker(beat, _ahead_s(beat, self._now())))

    def alive(self) -> list[LivingWorker]:
        """Return the workers of which a beat came in the last 25 s and that have not left, by name."""
        since = self._clock() - ALIVE_S
        found = [
            worker for came, worker in self._latest.values() if came >= since and worker.beat.kind != "left"
        ]
        return sorted(found, key=lambda worker: (worker.beat.name, worker.beat.host, worker.beat.started_at))


async def read_roster(settings: Settings, publisher: MarkPublisher, name: str) -> Roster:
    """Return the workers whose beats reached the broker in the last 25 s.

    The broker's clock decides which ones these are; it must agree with this machine's.

    Parameters:
        name: the program's name, for the broker's list of connections

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: the stream cannot be read
    """
    roster = Roster()

    def take(delivery: Delivery) -> None:
        beat = decode_beat(delivery.body)
        if beat is not None:
            roster.add(beat)

    reader = StreamReader(settings, Names(settings.namespace).presence, publisher, take)
    offset = {"x-stream-offset": utc_now() - timedelta(seconds=ALIVE_S)}
    async with reading(settings, reader, f"{name} presence", offset):
        await reader.wait_ready()
    return roster


def _order(beat: Beat) -> tuple[datetime, bool]:
    return beat.at, beat.kind == "left"


def _ahead_s(beat: Beat, now: datetime) -> float:
    """Return the seconds by which a worker's clock is ahead; beats that can be read are 26 s old at most."""
    ahead_s = (beat.at - now).total_seconds()
    return ahead_s if ahead_s > SKEW_S or ahead_s < -(ALIVE_S + 1 + SKEW_S) else 0.0
