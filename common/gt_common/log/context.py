"""The keys that every line of a block carries, such as the ids of a story."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

_keys: ContextVar[Mapping[str, str | int | None]] = ContextVar("gt_log_keys", default=MappingProxyType({}))
"""The keys that `log_context` adds to every line; structlog's own context would have to be loaded for it."""


def context_keys() -> Mapping[str, str | int | None]:
    """Return the keys of the block around the caller."""
    return _keys.get()


@contextmanager
def log_context(keys: Mapping[str, str | int | None]) -> Iterator[None]:
    """Add keys to every line that is logged in a block, by whatever it calls and by tasks that it starts.

    A key without a value keeps the value of the block around this one, if there is one.

    Parameters:
        keys: for a story those of `gt_common.messages.log_context`
    """
    around = _keys.get()
    bound = {key: around.get(key) if value is None else value for key, value in keys.items()}
    token = _keys.set({**around, **bound})
    try:
        yield
    finally:
        _keys.reset(token)
