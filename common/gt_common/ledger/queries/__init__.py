"""What is read from a ledger, one module for each kind of question; loaded when it is first asked."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gt_common.ledger.queries import (
        batches,
        dead_letters,
        earlier_costs,
        earlier_videos,
        figures,
        holds,
        known_posts,
        letter_groups,
        letters,
        orders,
        pages,
        stop_rules,
        story_keys,
        tombstones,
    )

__all__ = [
    "batches",
    "dead_letters",
    "earlier_costs",
    "earlier_videos",
    "figures",
    "holds",
    "known_posts",
    "letter_groups",
    "letters",
    "orders",
    "pages",
    "stop_rules",
    "story_keys",
    "tombstones",
]


def __getattr__(name: str) -> ModuleType:
    """Load a module."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")
