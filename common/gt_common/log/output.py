"""Where lines go and what they look like: readable on a terminal, otherwise JSON; secrets are removed."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, TextIO, cast

from gt_common.log.context import context_keys
from gt_common.redaction import redact
from gt_common.texts import one_line, without_controls

if TYPE_CHECKING:
    import structlog
    from structlog.typing import EventDict, Processor, WrappedLogger

_TEXTS = frozenset({"exception", "traceback"})
"""Values of several lines."""


class _Lenient:
    """A stream that drops what cannot be written: a full disk under the log must not stop the work."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Write the text, unless that fails."""
        with contextlib.suppress(OSError):
            self._file.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush the stream, unless that fails."""
        with contextlib.suppress(OSError):
            self._file.flush()


def writer_factory(file: TextIO) -> Callable[..., structlog.WriteLogger]:
    """Return the factory of loggers that write to a file and ignore that it is full."""
    import structlog

    # One for all lines, which otherwise make one each.
    logger = structlog.WriteLogger(cast("TextIO", _Lenient(file)))
    return lambda *_: logger


def _add_keys(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Add the keys of the context to a line of a library; our loggers have them already."""
    for key, value in context_keys().items():
        event.setdefault(key, value)
    return event


def _redact_values(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = redact(value)
    return event


def _harmless_on_a_terminal(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Take control characters out of texts that come from messages; JSON escapes them."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = without_controls(value) if key in _TEXTS else one_line(value)
    return event


_json: Final = json.JSONEncoder(ensure_ascii=False, default=repr)


def _render_json(_: WrappedLogger, __: str, event: EventDict) -> str:
    return _json.encode(event)


@dataclass(frozen=True)
class Output:
    """Where lines go, and in which form.

    Parameters:
        colors: on a console
        level: of `logging`; less important lines are dropped
    """

    target: TextIO
    is_console: bool
    colors: bool
    level: int

    @cached_property
    def processors(self) -> list[Processor]:
        """What every line passes before it is rendered."""
        import structlog

        shared: list[Processor] = [
            _add_keys,
            structlog.processors.format_exc_info,
            _redact_values,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ]
        return [*shared, _harmless_on_a_terminal] if self.is_console else shared

    @cached_property
    def renderer(self) -> Processor:
        """What turns a line into text."""
        import structlog

        if self.is_console:
            return structlog.dev.ConsoleRenderer(colors=self.colors)
        return _render_json
