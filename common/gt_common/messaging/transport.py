"""The handshake with a broker: how long to wait for each of its answers, and what it refused with.

The client library bounds the handshake only as a whole, and discards the text of a refusal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, SupportsIndex

import aio_pika
from aio_pika.abc import ConnectionParameter
from aiormq.connection import SSLContextProvider, TransportFactory
from aiormq.exceptions import AMQPConnectionError
from pamqp import commands, exceptions, frame
from yarl import URL

from gt_common.messaging.tap import Tap

_ANSWERS = 5
"""Answers of a handshake: TCP, TLS, start, tune, open."""
_RECORDED_BYTES = 65_536


class Handshake(TransportFactory):
    """Connects as the library does, and follows the broker's answers until the connection is open.

    Parameters:
        patience_s: how long to wait for each answer
        tap: takes deliveries before the library
    """

    def __init__(self, patience_s: float) -> None:
        self.tap = Tap()
        self._patience_s = patience_s
        self._received: bytearray | None = bytearray()
        self._timeout: asyncio.Timeout | None = None
        self._latest = 0.0

    def timeout(self) -> asyncio.Timeout:
        """Return a timeout for the handshake; it starts again with each answer."""
        now = asyncio.get_running_loop().time()
        self._latest = now + _ANSWERS * self._patience_s
        self._timeout = asyncio.timeout_at(now + self._patience_s)
        return self._timeout

    def end(self) -> None:
        """Stop following the answers."""
        self._timeout = self._received = None

    def refusal(self) -> commands.Connection.Close | None:
        """Return the frame with which the broker closed the connection; None if it did not."""
        data = bytes(self._received or b"")
        while data:
            try:
                size, _, answer = frame.unmarshal(data)
            except (exceptions.UnmarshalingException, ValueError):
                return None
            if isinstance(answer, commands.Connection.Close):
                return answer
            data = data[size:] if size else b""
        return None

    def received(self, data: bytes) -> None:
        """Note an answer, or a part of it."""
        if self._received is not None and len(self._received) < _RECORDED_BYTES:
            self._received += data
        if self._timeout is not None and not self._timeout.expired():
            until = asyncio.get_running_loop().time() + self._patience_s
            self._timeout.reschedule(min(until, self._latest))

    async def create(self, url: URL, **kwargs: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open the transport, with a reader that reports what arrives."""
        provider: SSLContextProvider = kwargs.pop("ssl_context_provider")
        context = await provider.get_context() if url.scheme == "amqps" else None
        loop = asyncio.get_running_loop()
        reader = _Reader(self)
        protocol = asyncio.StreamReaderProtocol(reader)
        try:
            transport, _ = await loop.create_connection(
                lambda: protocol, url.host or "", url.port or 5672, ssl=context, **kwargs
            )
        except OSError as error:
            raise AMQPConnectionError(*error.args) from error
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


class FollowedConnection(aio_pika.Connection):
    """A connection of the library that takes a `transport_factory`; its deliveries can be tapped."""

    tap: Tap | None = None
    PARAMETERS = (
        *aio_pika.Connection.PARAMETERS,
        ConnectionParameter(name="transport_factory", parser=lambda given: given, is_kwarg=True),
    )


class _Reader(asyncio.StreamReader):
    def __init__(self, handshake: Handshake) -> None:
        super().__init__()
        self._handshake = handshake

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        arrived = bytes(data)
        passed = self._handshake.tap.pass_on(arrived)
        if passed:
            super().feed_data(passed)
        self._handshake.received(arrived)

    def feed_eof(self) -> None:
        rest = self._handshake.tap.close()
        if rest:
            super().feed_data(rest)
        super().feed_eof()
