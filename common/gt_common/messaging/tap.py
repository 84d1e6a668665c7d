"""Takes deliveries out of what arrives from the broker, before the client library sees them.

The library takes three reads, three queues and a task for each delivery, most of what an aggregator does.
Here the frames of a delivery (AMQP 0-9-1, 2.3.5 and 4.2.6) are cut out of the bytes that the socket gave, and
everything else goes on to the library as it came. Properties are decoded when somebody asks for them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from struct import Struct
from typing import Final

from pamqp.commands import Basic
from pamqp.frame import marshal
from pamqp.header import ContentHeader
from pamqp.heartbeat import Heartbeat

from gt_common.log import get_logger

log = get_logger("consumer")

_METHOD, _HEADER, _BODY, _HEARTBEAT = 1, 2, 3, 8
_KINDS: Final = frozenset({_METHOD, _HEADER, _BODY, _HEARTBEAT})
_DELIVER: Final = 60 << 16 | 60
_FRAME: Final = Struct(">BHI")
_FRAME_END: Final = 0xCE
_METHOD_ID: Final = Struct(">I")
_TAG: Final = Struct(">QB")
_BODY_SIZE: Final = Struct(">xxxxQ")
_SIGN_OF_LIFE: Final = marshal(Heartbeat(), 0)
_SIGN_EVERY_S: Final = 1.0


@dataclass(slots=True)
class Arrived:
    """A delivery as it arrived.

    Parameters:
        tag: its delivery tag
        header: payload of its content header frame, with the properties
        given: the properties, if the client library has decoded them
    """

    tag: int
    redelivered: bool
    exchange: str
    header: bytes = b""
    body: bytes = b""
    given: Basic.Properties | None = None

    def properties(self) -> Basic.Properties:
        """Decode the properties; those that cannot be decoded count as not given."""
        if self.given is not None:
            return self.given
        header = ContentHeader()
        try:
            header.unmarshal(self.header)
        except Exception as error:  # noqa: BLE001 - many kinds; a malformed message must not stop the program
            log.warning("properties_rejected", error=str(error), tag=self.tag)
            return Basic.Properties()
        return header.properties


Take = Callable[[Arrived], None]


@dataclass(slots=True)
class _Channel:
    """Who takes the deliveries of a channel, by consumer tag, and the delivery that is still arriving."""

    takers: dict[bytes, Take] = field(default_factory=dict)
    take: Take | None = None
    coming: Arrived | None = None
    missing: int = 0
    parts: list[bytes] = field(default_factory=list)


class Tap:
    """Sits between a connection's socket and the client library, and follows the frames from the first on."""

    def __init__(self) -> None:
        self._channels: dict[int, _Channel] = {}
        self._rest = b""
        self._blind = False
        self._told_at = 0.0

    def consume(self, channel: int, tag: str, take: Take) -> None:
        """Take the deliveries of a consumer from now on.

        Parameters:
            tag: the consumer's
            take: called with each delivery as it arrives; does not raise
        """
        self._channels.setdefault(channel, _Channel()).takers[tag.encode()] = take

    def close(self) -> bytes:
        """Stop; return what has arrived of a frame that is not complete."""
        rest, self._rest, self._blind = self._rest, b"", True
        return rest

    def pass_on(self, data: bytes) -> bytes:
        """Take deliveries out of what has arrived; return what is for the library: complete frames."""
        if self._blind:
            return data
        if self._rest:
            data, self._rest = self._rest + data, b""
        passed: list[bytes] = []
        at, kept, end = 0, 0, len(data)
        while end - at >= _FRAME.size:
            kind, channel, size = _FRAME.unpack_from(data, at)
            after = at + _FRAME.size + size + 1
            if kind not in _KINDS or (after <= end and data[after - 1] != _FRAME_END):
                # No frame, such as a refusal of the protocol; the library has the words for it.
                self._blind = True
                return b"".join((*passed, data[kept:]))
            if after > end:
                break
            consuming = self._channels.get(channel)
            if consuming is not None and _taken(consuming, kind, data, at + _FRAME.size, after - 1):
                passed.append(data[kept:at])
                kept = after
            at = after
        passed.append(data[kept:at])
        self._rest = data[at:]
        out = b"".join(passed)
        return out if kept == 0 else out + self._sign_of_life(out)

    def _sign_of_life(self, out: bytes) -> bytes:
        """Return a heartbeat for the library, which ends a connection from which it hears nothing."""
        now = time.monotonic()
        if out or now - self._told_at < _SIGN_EVERY_S:
            return b""
        self._told_at = now
        return _SIGN_OF_LIFE


def _taken(channel: _Channel, kind: int, data: bytes, start: int, end: int) -> bool:
    """Whether a frame belongs to a delivery that somebody takes; its payload is `data[start:end]`."""
    if kind == _METHOD:
        return _METHOD_ID.unpack_from(data, start)[0] == _DELIVER and _begin(channel, data, start + 4)
    coming = channel.coming
    if coming is None or channel.take is None:
        return False
    if kind == _HEADER:
        (channel.missing,) = _BODY_SIZE.unpack_from(data, start)
        coming.header = data[start:end]
    else:
        channel.missing -= end - start
        channel.parts.append(data[start:end])
    if channel.missing <= 0:
        coming.body = channel.parts[0] if len(channel.parts) == 1 else b"".join(channel.parts)
        channel.coming, channel.parts = None, []
        channel.take(coming)
    return True


def _begin(channel: _Channel, data: bytes, at: int) -> bool:
    """Begin a delivery if somebody takes it; `at` is where the method's arguments begin."""
    size = data[at]
    channel.take = channel.takers.get(data[at + 1 : at + 1 + size])
    if channel.take is None:
        return False
    at += 1 + size
    tag, bits = _TAG.unpack_from(data, at)
    at += _TAG.size
    exchange = data[at + 1 : at + 1 + data[at]].decode("utf-8", "replace")
    channel.coming = Arrived(tag, bool(bits & 1), exchange)
    return True
