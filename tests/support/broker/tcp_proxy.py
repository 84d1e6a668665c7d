"""A TCP proxy on loopback that a test can cut, silence or half-close."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

from support.waiting import pause

_CHUNK = 2048


class TcpProxy:
    """Forwards to one address; `reset`, `half_close`, `refuse`, `black_hole` break it, `restore` repairs it.

    Parameters:
        host, port: where to forward to
        pace: seconds that each 2 KiB take, for a slow connection
        delay: seconds by which each answer of the server is late
    """

    def __init__(self, host: str, port: int, pace: float = 0.0, delay: float = 0.0) -> None:
        self._target = (host, port)
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._ended: set[asyncio.StreamWriter] = set()
        self._open = asyncio.Event()
        self._open.set()
        self._refuse = False
        self._pace = pace
        self._delay = delay
        self.accepted = 0
        self.port = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client."""
        self.accepted += 1
        if self._refuse:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        pair = (writer, far_writer)
        self._pairs.add(pair)
        try:
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer, self._delay))
        except asyncio.CancelledError:
            # The test ends. A stream server's callback fails over a cancelled task (CPython before 3.12).
            return
        finally:
            self._pairs.discard(pair)
            self._ended -= set(pair)
            for end in pair:
                end.transport.abort()

    def reset(self) -> None:
        """Cut every connection with a reset."""
        for pair in tuple(self._pairs):
            for writer in pair:
                writer.transport.abort()

    def half_close(self, *, towards_client: bool) -> None:
        """End every connection in one direction; the other stays open."""
        for near, far in tuple(self._pairs):
            writer = near if towards_client else far
            if not writer.is_closing():
                self._ended.add(writer)
                writer.write_eof()

    def refuse(self) -> None:
        """Cut every connection and refuse new ones."""
        self._refuse = True
        self.reset()

    def black_hole(self) -> None:
        """Stop forwarding; connections stay open and silent."""
        self._open.clear()

    def restore(self) -> None:
        """Forward again."""
        self._refuse = False
        self._open.set()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float = 0.0
    ) -> None:
        try:
            while data := await reader.read(_CHUNK if self._pace else 65536):
                await self._open.wait()
                if self._pace or delay:
                    await pause(self._pace + delay)
                if writer not in self._ended:
                    writer.write(data)
                    await writer.drain()
        except ConnectionError:
            pass
        finally:
            if not writer.is_closing():
                writer.close()


@asynccontextmanager
async def open_proxy(url: str, pace: float = 0.0, delay: float = 0.0) -> AsyncIterator[tuple[TcpProxy, str]]:
    """Yield a proxy in front of a server, and the URL that goes through it."""
    parts = urlsplit(url)
    proxy = TcpProxy(parts.hostname or "127.0.0.1", parts.port or 5672, pace, delay)
    server = await asyncio.start_server(proxy.handle, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    credentials = parts.netloc.rpartition("@")[0]
    try:
        yield proxy, urlunsplit(parts._replace(netloc=f"{credentials}@127.0.0.1:{proxy.port}"))
    finally:
        proxy.restore()
        proxy.reset()
        server.close()
        await server.wait_closed()
