"""Restores logging: what one test sets up must not silence the next one's."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def untouched_logging() -> Iterator[None]:
    """Undo what a test, or the command that it runs in this process, set up."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
