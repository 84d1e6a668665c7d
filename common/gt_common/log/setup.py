"""Sets up structlog for a command, or quietly inside another program, and takes in the lines of libraries."""

from __future__ import annotations

import logging
import os
import sys
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from gt_common.log.loggers import get_logger, set_up
from gt_common.log.output import Output, writer_factory

if TYPE_CHECKING:
    from gt_common.settings import Settings


def configure_logging(settings: Settings, file: TextIO | None = None) -> None:
    """Set up structlog, and route the warnings of libraries through it.

    Parameters:
        file: receives JSON lines instead of standard error, while a live display is drawn there
    """
    fmt = settings.log_format or ("console" if sys.stderr.isatty() else "json")
    output = Output(
        file or sys.stderr,
        is_console=fmt == "console" and file is None,
        colors=sys.stderr.isatty(),
        level=logging.getLevelNamesMapping()[settings.log_level.upper()],
    )
    set_up.choose(partial(_configure, output))
    _route_library_logs(output)
    if settings.from_dotenv:
        get_logger("settings").info(
            "dotenv_loaded", file=str(Path(".env").absolute()), settings=", ".join(settings.from_dotenv)
        )
    _warn_of_mistyped(settings)


def _warn_of_mistyped(settings: Settings) -> None:
    known = {f"{settings.PREFIX}{field}".upper() for field in type(settings).model_fields}
    unknown = [
        name
        for name in os.environ
        if name.startswith(settings.PREFIX) and name not in known and name.removesuffix("_FILE") not in known
    ]
    if unknown:
        from gt_common.log.mistyped import mistyped

        for name, meant in mistyped(unknown, known).items():
            get_logger("settings").warning("variable_ignored", name=name, hint=f"did you mean {meant}?")


def configure_quietly() -> None:
    """Log only warnings, to standard error, inside a program that has not set up structlog itself."""
    set_up.choose(partial(_configure_quietly, sys.stderr))


def is_configured() -> bool:
    """Whether a command, or the program around, has chosen where lines go."""
    if set_up.is_chosen:
        return True
    import structlog

    return structlog.is_configured()


class _LibraryFormatter(logging.Formatter):
    """Renders the lines of libraries as ours."""

    def __init__(self, output: Output) -> None:
        super().__init__()
        self._output = output

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a line."""
        return self._formatter.format(record)

    @cached_property
    def _formatter(self) -> logging.Formatter:
        import structlog

        set_up.finish()
        return structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, self._output.renderer],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *self._output.processors],
        )


def _configure(output: Output) -> None:
    import structlog

    structlog.configure(
        processors=[*output.processors, output.renderer],
        wrapper_class=structlog.make_filtering_bound_logger(output.level),
        logger_factory=writer_factory(output.target),
        cache_logger_on_first_use=False,
    )


def _configure_quietly(target: TextIO) -> None:
    import structlog

    if not structlog.is_configured():
        structlog.configure(
            wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
            logger_factory=writer_factory(target),
        )


def _route_library_logs(output: Output) -> None:
    handler = logging.StreamHandler(output.target)
    handler.setFormatter(_LibraryFormatter(output))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    # aio-pika and aiormq log each lost connection with a traceback; our own line is enough.
    for name in ("aio_pika", "aiormq"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
