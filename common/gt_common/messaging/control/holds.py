"""What is paused, according to the orders of operators: single batches, and the whole fleet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from gt_common.messaging.control.notices import ControlOrder, HoldNotice, ReleaseNotice

HoldOrder = HoldNotice | ReleaseNotice
FLEET: Final = None
"""Stands for the whole fleet where a batch id could be."""


class Holds:
    """The latest order about each batch and about the fleet; adding an order again changes nothing.

    The greatest revision counts, of equal revisions the later order.
    """

    def __init__(self) -> None:
        self._latest: dict[str | None, HoldOrder] = {}
        self._revisions: dict[str, set[int]] = {}

    def add(self, order: ControlOrder) -> bool:
        """Take in an order; return whether another one counts now."""
        if not isinstance(order, HoldOrder):
            return False
        if isinstance(order, HoldNotice) and order.batch_id is not None:
            self._revisions.setdefault(order.batch_id, set()).add(order.revision)
        known = self._latest.get(order.batch_id)
        if known is not None and _key(known) >= _key(order):
            return False
        self._latest[order.batch_id] = order
        return True

    def held(self, batch_id: str | None) -> HoldNotice | None:
        """Return the order that holds a batch, or the fleet; None if its stories may start."""
        order = self._latest.get(batch_id)
        return order if isinstance(order, HoldNotice) else None

    def latest(self, batch_id: str | None) -> HoldOrder | None:
        """Return the order that counts about a batch, or the fleet; None if there was none."""
        return self._latest.get(batch_id)

    def all_held(self) -> list[HoldNotice]:
        """Return the orders in force, that of the fleet first."""
        held = [order for order in self._latest.values() if isinstance(order, HoldNotice)]
        return sorted(held, key=lambda order: order.batch_id or "")

    def batches(self) -> list[str]:
        """Return the batches that are or were held."""
        return list(self._revisions)

    def revisions(self, batch_id: str) -> list[int]:
        """Return the revisions of all orders that held a batch."""
        return sorted(self._revisions.get(batch_id, ()))

    def parked(self) -> Iterator[tuple[str, int]]:
        """Yield the batch and the revision of each hold under which stories may have been parked."""
        for batch_id in self.batches():
            for revision in self.revisions(batch_id):
                yield batch_id, revision


def _key(order: HoldOrder) -> tuple[int, datetime, bool]:
    return order.revision, order.at, isinstance(order, HoldNotice)
