"""Whether counts of stories can be read instead of counting the stories."""

from __future__ import annotations

from gt_common.ledger.plain import Plain


def are_counts_kept(plain: Plain) -> bool:
    """Whether gt_counts is up to date, which it is not after a program of an earlier version has written."""
    [[number, counted]] = plain.rows("SELECT number, counted FROM gt_version")
    return bool(number == counted)
