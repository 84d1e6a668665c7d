"""Why a story was requeued, in words: the same ones in tables, pages and live displays."""

from __future__ import annotations

from gt_common.texts import one_line, truncate

_LONGEST = 300


def said_limit(waits: int | None, error: str | None) -> str:
    """Format how often a story has waited, and for what: `, wait 92: quota exceeded`; empty if not known.

    Parameters:
        waits: how often its attempt has met a limit
        error: what the failure said of it
    """
    number = f", wait {waits}" if waits else ""
    return number + (f": {truncate(one_line(error), _LONGEST)}" if error else "")


def said_unfit(worker: str | None, problem: str) -> str:
    """Format that a machine could not run a story: `requeued by w1, which cannot run stories now: …`."""
    by = one_line(worker or "its worker")
    return f"requeued by {by}, which cannot run stories now: {truncate(one_line(problem), _LONGEST)}"
