"""What earlier videos have cost, for an estimate of what a list will cost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from gt_common.ledger.plain import Plain
from gt_common.ledger.stored import read_succeeded

BATCHES: Final = 20
"""Batches that are looked at, the newest with costs: a large ledger is not gone through."""


def read_costs(plain: Plain, limit: int, orchestrator: str | None) -> list[int]:
    """Return what each of the latest videos has cost, all runs of its story included, in millionths.

    Parameters:
        orchestrator: only its videos count; None for those of all
    """
    found = sorted(_costs(plain, limit, orchestrator), reverse=True)
    return [cost for _, cost in found[:limit]]


def _costs(plain: Plain, limit: int, orchestrator: str | None) -> Iterator[tuple[datetime, int]]:
    """Yield the ends and costs of the latest videos of each batch."""
    newest = (
        "SELECT batch_id FROM gt_batches WHERE cost IS NOT NULL ORDER BY since DESC, batch_id DESC LIMIT ?"
    )
    videos = (
        "SELECT event, cost FROM gt_stories WHERE batch_id = ? AND status = 'success' "
        "AND at IS NOT NULL AND cost IS NOT NULL ORDER BY at DESC LIMIT ?"
    )
    for (batch_id,) in list(plain.rows(newest, BATCHES)):
        for body, cost in plain.rows(videos, batch_id, limit):
            made = read_succeeded(body)
            if orchestrator is None or (made.made_from and made.made_from.orchestrator == orchestrator):
                yield made.at, cost
