"""Logging with structlog: readable on a terminal, otherwise JSON, or into a file; secrets are removed."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

import structlog

from gt_common.redaction import redact
from gt_common.texts import one_line, without_controls

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger

    from gt_common.settings import Settings


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


def _factory(file: TextIO) -> structlog.PrintLoggerFactory:
    return structlog.PrintLoggerFactory(cast("TextIO", _Lenient(file)))


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


def configure_logging(settings: Settings, file: TextIO | None = None) -> None:
    """Set up structlog, and route the warnings of libraries through it.

    Parameters:
        file: receives JSON lines instead of standard error, while a live display is drawn there
    """
    target = file or sys.stderr
    fmt = settings.log_format or ("console" if sys.stderr.isatty() else "json")
    if file is not None:
        fmt = "json"
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact_values,
    ]
    renderer: Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
    if fmt == "console":
        shared.append(_harmless_on_a_terminal)
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_factory(target),
        cache_logger_on_first_use=False,
    )
    _route_library_logs(shared, renderer, target)
    if settings.from_dotenv:
        get_logger("settings").info(
            "dotenv_loaded", file=str(Path(".env").absolute()), settings=", ".join(settings.from_dotenv)
        )


def configure_quietly() -> None:
    """Log only warnings, to standard error, inside a program that has not set up structlog itself."""
    if not structlog.is_configured():
        structlog.configure(
            wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
            logger_factory=_factory(sys.stderr),
        )


def _route_library_logs(shared: list[Processor], renderer: Processor, target: TextIO) -> None:
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    # aio-pika and aiormq log each lost connection with a traceback; our own line is enough.
    for name in ("aio_pika", "aiormq"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


@contextmanager
def log_context(keys: Mapping[str, str | int | None]) -> Iterator[None]:
    """Add keys to every line that is logged in a block, by whatever it calls and by tasks that it starts.

    A key without a value keeps the value of the block around this one, if there is one.

    Parameters:
        keys: for a story those of `gt_common.messages.log_keys`
    """
    around = structlog.contextvars.get_contextvars()
    bound = {key: around.get(key) if value is None else value for key, value in keys.items()}
    with structlog.contextvars.bound_contextvars(**bound):
        yield


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """Return the logger of one part of the program; every line carries its name as `part`."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(part=name)
    return logger


def context_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """Return a logger that keeps the keys bound here by `log_context`, wherever it is called later."""
    return get_logger(name).bind(**structlog.contextvars.get_contextvars())
