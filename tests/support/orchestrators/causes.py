"""Orchestrators whose failure has its cause elsewhere: `support.orchestrators.causes:<name>`."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

from support.orchestrators.fakes import Calling
from support.orchestrators.results import Result

log = logging.getLogger(__name__)


class ClientError(Exception):
    """As of a provider's library."""


LIMITED = "429 RESOURCE_EXHAUSTED. {'error': {'code': 429}} Please retry in 36s."


def _call() -> None:
    raise ClientError(LIMITED)


def _generate() -> None:
    try:
        _call()
    except ClientError as error:
        raise RuntimeError("generate_image failed after 3 attempts") from error


def _logging(log_it: Callable[[Exception], None]) -> Calling:
    def body() -> Result:
        try:
            _generate()
        except RuntimeError as error:
            log_it(error)
            return Result(False, project_id="p1", error=str(error))
        return Result(True)

    return Calling(body)


def logs_exception() -> Calling:
    """Log the error with `exc_info` and return its text only, as GossipToon does."""
    return _logging(lambda error: log.error("pipeline failed: %s", error, exc_info=True))  # noqa: LOG014 - called inside a handler


def logs_configured() -> Calling:
    """Set up the logging with `basicConfig` during the run; it must still take effect."""

    def log_it(_: Exception) -> None:
        logging.basicConfig(stream=sys.stderr, format="mine: %(message)s", force=False)
        log.exception("pipeline failed")  # noqa: LOG004 - called inside a handler

    return _logging(log_it)


def prints() -> Calling:
    """Print the cause to standard error and output, and return only that it failed."""

    def body() -> Result:
        print("calling the provider")
        print("provider says RESOURCE_EXHAUSTED, retry after 7 s", file=sys.stderr)
        return Result(False, error="rendering failed")

    return Calling(body)


def raises() -> Calling:
    """Raise the error with its cause."""
    return Calling(_generate)


def long_message() -> Calling:
    """Return a message whose cause is at its end."""
    return Calling(
        lambda: Result(False, error="FFmpeg failed: " + "banner " * 2000 + "No space left on device")
    )
