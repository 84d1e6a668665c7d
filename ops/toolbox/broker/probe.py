"""Check whether a broker answers in AMQP 0-9-1; a port that accepts connections is not enough."""

from __future__ import annotations

import socket
import ssl
import struct
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from toolbox.broker.url import AmqpUrl

PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
METHOD_FRAME = 1
CONNECTION_START = (10, 10)
LARGEST_START_FRAME = 128 * 1024


@dataclass(frozen=True)
class Greeting:
    """Product and version from a broker's Connection.Start (AMQP 0-9-1, 1.4.2.1)."""

    product: str
    version: str

    def __str__(self) -> str:
        return f"{self.product} {self.version}".strip()


def greet(url: AmqpUrl, timeout: float = 3.0) -> Greeting | None:
    """Return the broker's greeting without logging in, or None if nothing there speaks AMQP 0-9-1.

    Parameters:
        timeout: seconds for each step of the exchange
    """
    try:
        with closing(_connect(url, timeout)) as connection:
            connection.sendall(PROTOCOL_HEADER)
            kind, _channel, size = struct.unpack(">BHI", _read(connection, 7))
            if kind != METHOD_FRAME or size > LARGEST_START_FRAME:
                return None
            return _parse_start(_read(connection, size))
    except (OSError, EOFError, struct.error):
        return None


def wait_for_greeting(url: AmqpUrl, timeout: float, still_starting: Callable[[], bool]) -> Greeting | None:
    """Try until the broker answers, `timeout` seconds are over, or `still_starting()` is false.

    Returns:
        the greeting, or None
    """
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        alive = still_starting()
        greeting = greet(url)
        if greeting or not alive:
            return greeting
        time.sleep(0.2)
    return None


def _connect(url: AmqpUrl, timeout: float) -> socket.socket:
    connection = socket.create_connection((url.host, url.port), timeout)
    if not url.tls:
        return connection
    # Nothing secret is sent, so the certificate is not checked here; clients check it.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(connection, server_hostname=url.host)


def _read(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def _parse_start(payload: bytes) -> Greeting | None:
    if len(payload) < 10 or struct.unpack_from(">HH", payload) != CONNECTION_START:
        return None
    properties = payload[10:]
    return Greeting(
        _long_string(properties, b"product") or "AMQP broker", _long_string(properties, b"version")
    )


def _long_string(table: bytes, key: bytes) -> str:
    """Return a text field of a field table: short-string key, 'S', length, text (AMQP 0-9-1, 4.2.5)."""
    start = table.find(bytes([len(key)]) + key + b"S")
    if start < 0:
        return ""
    at = start + len(key) + 2
    (length,) = struct.unpack_from(">I", table, at)
    return table[at + 4 : at + 4 + length].decode("utf-8", "replace")
