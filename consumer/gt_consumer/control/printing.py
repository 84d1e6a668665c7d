"""Remarks of gt-control, on standard error; its data are on standard output."""

from __future__ import annotations

from gt_common.cli.listing import say


def remark(text: str) -> None:
    """Print one line for the operator on standard error; the work continues if nobody reads it."""
    say(f"gt-control: {' '.join(text.split())}")
