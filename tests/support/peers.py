"""Small servers for the tests of the probe: each answers its first visitor with fixed bytes, then closes."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def peer(answer: bytes) -> Iterator[int]:
    """Run a loopback server that reads the 8 bytes of the protocol header and answers; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        thread = threading.Thread(target=_serve, args=(server, answer))
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            thread.join()


def _serve(server: socket.socket, answer: bytes) -> None:
    visitor, _address = server.accept()
    with visitor:
        visitor.settimeout(10)
        visitor.recv(8)
        visitor.sendall(answer)


def start_frame(**properties: str) -> bytes:
    """Return a Connection.Start frame with these server properties."""
    table = b"".join(
        bytes([len(key)]) + key.encode() + b"S" + struct.pack(">I", len(value)) + value.encode()
        for key, value in properties.items()
    )
    payload = struct.pack(">HHBB", 10, 10, 0, 9) + struct.pack(">I", len(table)) + table
    payload += struct.pack(">I", 5) + b"PLAIN" + struct.pack(">I", 5) + b"en_US"
    return struct.pack(">BHI", 1, 0, len(payload)) + payload + b"\xce"
