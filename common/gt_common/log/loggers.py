"""Loggers that load structlog with the first line.

structlog loads rich, which takes a quarter of the time that a small command needs; most runs of gt-produce
and gt-report log no line.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from gt_common.log.context import context_keys

if TYPE_CHECKING:
    import structlog


class SetUp:
    """The set-up of structlog, made when it is loaded: with the first line, or by the program around."""

    def __init__(self) -> None:
        self._make: Callable[[], None] | None = None

    @property
    def is_chosen(self) -> bool:
        """Whether a set-up waits for the first line."""
        return self._make is not None

    def choose(self, make: Callable[[], None]) -> None:
        """Set structlog up by a function: at once if it is loaded, otherwise with the first line."""
        self._make = make
        if "structlog" in sys.modules:
            self.finish()

    def finish(self) -> None:
        """Make the set-up that was chosen, if any, once."""
        make, self._make = self._make, None
        if make is not None:
            make()


set_up = SetUp()


class _Logger:
    """A logger of structlog, which is loaded with its first use."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, method: str) -> object:
        set_up.finish()
        import structlog

        # What `structlog.get_logger` does, without the proxies that it makes for each line.
        config = structlog.get_config()
        keys = {"part": self._name, **context_keys()}
        bound = config["wrapper_class"](config["logger_factory"](), config["processors"], keys)
        return getattr(bound, method)


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """Return the logger of one part of the program; every line carries its name as `part`."""
    return cast("structlog.typing.FilteringBoundLogger", _Logger(name))


def context_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """Return a logger that keeps the keys bound here by `log_context`, wherever it is called later."""
    return get_logger(name).bind(**context_keys())
