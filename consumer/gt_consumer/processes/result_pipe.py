"""A pipe of its own for the results of a program, beside its standard output."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from gt_consumer.processes.lines import LineProtocol

_DRAIN_SECONDS = 1.0


class ResultPipe:
    """The pipe of one program; `writer` is the descriptor that it inherits."""

    def __init__(self, writer: int, protocol: LineProtocol, transport: asyncio.ReadTransport) -> None:
        self.writer = writer
        self._protocol = protocol
        self._transport = transport
        self._writer_open = True

    @classmethod
    async def open(cls, on_line: Callable[[bytes], None]) -> ResultPipe:
        """Open a pipe whose lines are passed to `on_line`.

        Raises:
            OSError: no pipe can be opened
        """
        reader, writer = os.pipe()
        protocol = LineProtocol(on_line)
        try:
            pipe = os.fdopen(reader, "rb", 0)
            transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, pipe)
        except BaseException:
            os.close(writer)
            raise
        return cls(writer, protocol, transport)

    def close_writer(self) -> None:
        """Close this process's copy of the writing end, once the program has its own."""
        if self._writer_open:
            self._writer_open = False
            os.close(self.writer)

    async def drain(self) -> None:
        """Read what the program wrote before its end, then close; one that lives on cannot delay this."""
        await asyncio.wait([self._protocol.ended], timeout=_DRAIN_SECONDS)
        self.close()

    def close(self) -> None:
        """Close the pipe."""
        self.close_writer()
        self._transport.close()
