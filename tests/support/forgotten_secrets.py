"""Forgets the secrets of a test: a word that one test hides must not be missing in the texts of the next."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gt_common import redaction


@pytest.fixture(autouse=True)
def forgotten_secrets() -> Iterator[None]:
    """Undo what a test, or the settings that it loads, hides from texts."""
    known = redaction._secrets[:]
    yield
    redaction._secrets[:] = known
    redaction._redact_short.cache_clear()
