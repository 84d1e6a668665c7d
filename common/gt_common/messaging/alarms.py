"""The broker's alarms: while memory or disk is short, it stops reading from connections that publish.

It tells each of them why. The client library only logs that, so it is read from there.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from aio_pika.abc import AbstractConnection

from gt_common.log import get_logger

log = get_logger("messaging")

_KINDS = ("memory", "disk")


@dataclass
class Alarm:
    """Whether the broker stopped reading from one connection.

    Parameters:
        reason: such as `memory alarm`; empty while it reads
        raised: set while there is a reason
    """

    reason: str = ""
    raised: asyncio.Event = field(default_factory=asyncio.Event)

    def set(self, words: str) -> None:
        """Note the broker's words, such as `low on memory`."""
        kinds = [kind for kind in _KINDS if kind in words]
        self.reason = f"{' and '.join(kinds)} alarm" if kinds else words or "unknown alarm"
        self.raised.set()
        log.warning(
            "broker_blocked", reason=self.reason, hint="messages wait until the broker takes them again"
        )

    def clear(self) -> None:
        """Note that the broker reads again."""
        self.reason = ""
        self.raised.clear()
        log.info("broker_unblocked")


def alarm_of(connection: AbstractConnection | None) -> Alarm:
    """Return the state of a connection; a lost one has none."""
    transport = connection.transport if connection is not None else None
    return _notices.alarm(transport.connection) if transport is not None else Alarm()


class _Notices(logging.Filter):
    """Takes the notices from the library's log, and everything else that is not critical out of it."""

    def __init__(self) -> None:
        super().__init__()
        self._alarms: WeakKeyDictionary[object, Alarm] = WeakKeyDictionary()

    def alarm(self, connection: object) -> Alarm:
        return self._alarms.setdefault(connection, Alarm())

    def filter(self, record: logging.LogRecord) -> bool:
        arguments = record.args if isinstance(record.args, tuple) else ()
        if "was blocked by" in record.msg and len(arguments) == 2:
            self.alarm(arguments[0]).set(str(arguments[1]))
        elif "was unblocked" in record.msg and arguments:
            self.alarm(arguments[0]).clear()
        return record.levelno >= logging.CRITICAL


_notices = _Notices()
_library = logging.getLogger("aiormq.connection")
_library.setLevel(logging.WARNING)
_library.addFilter(_notices)
