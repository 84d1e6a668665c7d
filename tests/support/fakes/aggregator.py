"""An aggregator with deliveries, ledger and publisher in memory, and a journal of what happens in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from gt_common.errors import GossipToonError, MalformedMessageError, PublishFailedError
from gt_common.messages import Event, StoryMessage, UnknownEvent, encode
from gt_consumer.aggregator.aggregator import Aggregator

DEADLINE_S = 10


DIED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class FakeChannel:
    """A channel that knows its unacked deliveries, in order."""

    def __init__(self) -> None:
        self.unacked: list[FakeDelivery] = []


class FakeDelivery:
    """A delivery that notes its ack in a journal."""

    def __init__(
        self,
        body: bytes,
        journal: list[str],
        died_of: str | None = None,
        *,
        via: str = "gt.results",
        headers: Mapping[str, object] | None = None,
        channel: FakeChannel | None = None,
    ) -> None:
        channel = channel or FakeChannel()
        self.body = body
        self.headers: Mapping[str, object] = headers or {"gt-attempt": 1, "x-death": []}
        self.via = via
        self.died_of = died_of
        self.died_at = DIED
        self.acked = False
        self.lost = False
        self.channel = channel
        self._journal = journal
        channel.unacked.append(self)

    async def ack(self, *, with_earlier: bool = False) -> bool:
        """Note the ack of this delivery, or of all up to it."""
        unacked = self.channel.unacked
        earlier = unacked[: unacked.index(self) + 1] if with_earlier else [self]
        settled = [one for one in earlier if not one.lost]
        for one in settled:
            one.acked = True
            unacked.remove(one)
        self._journal.append("ack" if len(settled) == 1 else f"ack {len(settled)}")
        return True


class FakePublisher:
    """A publisher that keeps what is published, or refuses it."""

    def __init__(self, journal: list[str]) -> None:
        self.aside: list[tuple[bytes, str, str, Mapping[str, str | int] | None]] = []
        self.news: list[Event | UnknownEvent] = []
        self.commits_before: list[int] = []
        self.refuses = False
        self._journal = journal

    async def malformed(
        self, body: bytes, reason: str, key: str, headers: Mapping[str, str | int] | None = None
    ) -> None:
        """Keep a message that could not be read."""
        if self.refuses:
            raise PublishFailedError
        self.aside.append((body, reason, key, headers))
        self._journal.append("aside")

    async def progress(self, event: Event | UnknownEvent) -> None:
        """Keep an event, and how many transactions were committed before."""
        self.news.append(event)
        self.commits_before.append(self._journal.count("commit"))


class AggregatorHarness:
    """An aggregator whose ledger, in memory, fails on request; `journal` has what happened, in order."""

    def __init__(self, group: int = 200, linger_s: float = 0) -> None:
        self.journal: list[str] = []
        self.publisher = FakePublisher(self.journal)
        self.groups: list[list[Event | UnknownEvent]] = []
        self.troubles: list[GossipToonError] = []
        self.channel = FakeChannel()
        self.refuses: Callable[[Event | UnknownEvent], bool] = lambda _event: False
        self.on_trouble: Callable[[], None] = lambda: None
        self.aggregator = Aggregator(
            self.apply, self.publisher, group=group, linger_s=linger_s, first_wait=0.001, longest_wait=0.002
        )

    def apply(self, events: Sequence[Event | UnknownEvent]) -> int:
        """Store a group of events, or raise the next error of `troubles`."""
        if self.troubles:
            self.on_trouble()
            raise self.troubles.pop(0)
        if any(self.refuses(event) for event in events):
            raise MalformedMessageError("the ledger cannot store an event: NUL")
        self.groups.append(list(events))
        self.journal.append("commit")
        return len(events)

    def arrive(self, body: bytes | Event | StoryMessage, died_of: str | None = None) -> FakeDelivery:
        """Pass a delivery to the aggregator."""
        dead = died_of is not None or isinstance(body, StoryMessage)
        raw = body if isinstance(body, bytes) else encode(body)
        arrival = FakeDelivery(
            raw, self.journal, died_of, via="gt.dlx" if dead else "gt.results", channel=self.channel
        )
        self.aggregator.receive(arrival)
        return arrival

    async def run_until_idle(self) -> None:
        """Run the aggregator until no delivery is left."""

        async def nothing_waits() -> int:
            return 0

        async with asyncio.timeout(DEADLINE_S):
            await self.aggregator.run(depth=nothing_waits, idle_s=0.01)
