"""The acks of one channel: those of one turn of the event loop are one write."""

from __future__ import annotations

import asyncio
import time
from typing import Final, cast

from aiormq.abc import AbstractChannel, ChannelFrame
from aiormq.channel import Channel
from pamqp.commands import Basic
from pamqp.frame import marshal

_TAKEN_PER_S: Final = 2_000.0
"""Acks that a quorum queue surely takes in a second; RabbitMQ 3.10 took 10,000 on two cores."""
_LONGEST_S: Final = 10.0
_LATE_S: Final = 0.3
"""How long the last ack may be on its way, in seconds."""


class Acks:
    """Writes acks to the connection of a channel.

    Parameters:
        channel: that of the deliveries
    """

    def __init__(self, channel: AbstractChannel) -> None:
        self.channel = cast("Channel", channel)
        self._group: list[tuple[asyncio.Future[bool], bytes]] = []
        self._writing: set[asyncio.Task[None]] = set()
        self._unwritten: set[asyncio.Future[bool]] = set()
        self._under_way = 0.0
        self._sent_at = time.monotonic()
        channel.closing.add_done_callback(self._lost)

    def send(self, tag: int, *, with_earlier: bool) -> asyncio.Future[bool]:
        """Ack a delivery.

        Parameters:
            with_earlier: ack also all unsettled deliveries that came before it

        Returns:
            what becomes True when the connection has taken the ack, and False when the channel is gone
        """
        written: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if self.channel.is_closed:
            written.set_result(False)
            return written
        self._under_way = self._not_taken() + 1
        self._unwritten.add(written)
        written.add_done_callback(self._unwritten.discard)
        frame = marshal(Basic.Ack(delivery_tag=tag, multiple=with_earlier), self.channel.number)
        self._group.append((written, frame))
        if len(self._group) == 1:
            task = asyncio.create_task(self._write_group(), name="ack")
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)
        return written

    async def settle(self) -> None:
        """Wait until the queue has surely taken the acks; call it before the connection is closed.

        RabbitMQ acknowledges no ack. A channel sends a quorum queue at most 32 of them ahead of its answers,
        keeps the rest, and forgets what it keeps when its connection is closed (findings/
        acks-forgotten-at-close.sh), so that the messages come again.
        """
        waiting = self._not_taken()
        if waiting and not self.channel.is_closed:
            await asyncio.sleep(min(_LATE_S + waiting / _TAKEN_PER_S, _LONGEST_S))

    def _not_taken(self) -> float:
        """Return how many acks may still be under way; called when another one is sent, too."""
        now = time.monotonic()
        left = self._under_way - (now - self._sent_at) * _TAKEN_PER_S
        self._sent_at = now
        self._under_way = max(0.0, left)
        return self._under_way

    async def _write_group(self) -> None:
        group, self._group = self._group, []
        taken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        payload = b"".join(frame for _, frame in group)
        await self.channel.write_queue.put(ChannelFrame(payload, should_close=False, drain_future=taken))
        await taken
        for written, _ in group:
            if not written.done():
                written.set_result(True)

    def _lost(self, _closing: object) -> None:
        for task in self._writing:
            task.cancel()
        for written in list(self._unwritten):
            if not written.done():
                written.set_result(False)
