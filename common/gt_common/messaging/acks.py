"""The acks of one channel: those of one turn of the event loop are one write."""

from __future__ import annotations

import asyncio
from typing import cast

from aiormq.abc import AbstractChannel, ChannelFrame
from aiormq.channel import Channel
from pamqp.commands import Basic
from pamqp.frame import marshal


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
        self._unwritten.add(written)
        written.add_done_callback(self._unwritten.discard)
        frame = marshal(Basic.Ack(delivery_tag=tag, multiple=with_earlier), self.channel.number)
        self._group.append((written, frame))
        if len(self._group) == 1:
            task = asyncio.create_task(self._write_group(), name="ack")
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)
        return written

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
