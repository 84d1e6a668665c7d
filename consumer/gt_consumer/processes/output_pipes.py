"""The pipes of a program's standard output and standard error, read line by line."""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import Callable

from gt_consumer.processes.lines import LineProtocol

_DRAIN_SECONDS = 2.0

LineSink = Callable[[bytes], None]


class OutputPipes:
    """Two pipes; `writers` are the descriptors that the program inherits.

    Raises:
        OSError: no pipes can be opened
    """

    def __init__(self) -> None:
        self._readers: list[int] = []
        self._protocols: list[LineProtocol] = []
        self._transports: list[asyncio.BaseTransport] = []
        self.writers: list[int] = []
        try:
            for _ in range(2):
                reader, writer = os.pipe()
                self._readers.append(reader)
                self.writers.append(writer)
        except OSError:
            self.close_writers()
            self.close()
            raise

    def close_writers(self) -> None:
        """Close this process's copies of the writing ends, once the program has its own."""
        while self.writers:
            os.close(self.writers.pop())

    async def connect(self, stdout: LineSink, stderr: LineSink) -> None:
        """Pass each line to a sink."""
        loop = asyncio.get_running_loop()
        for sink in (stdout, stderr):
            protocol = LineProtocol(sink)
            pipe = os.fdopen(self._readers.pop(0), "rb", 0)
            transport, _ = await loop.connect_read_pipe(functools.partial(_same, protocol), pipe)
            self._protocols.append(protocol)
            self._transports.append(transport)

    async def drain(self) -> None:
        """Read what the program wrote before its end.

        A process that left its group may keep the pipes open for ever: what comes within 2 s counts.
        """
        if self._protocols:
            await asyncio.wait([protocol.ended for protocol in self._protocols], timeout=_DRAIN_SECONDS)

    def close(self) -> None:
        """Close the reading ends."""
        while self._readers:
            os.close(self._readers.pop())
        for transport in self._transports:
            transport.close()


def _same(protocol: LineProtocol) -> LineProtocol:
    return protocol
