"""Drops events of pruned batches: they would bring a batch back with a part of its stories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol, TypeVar

from sqlalchemy import Connection, select, update

from gt_common.ledger.rows import chunks
from gt_common.ledger.schema import pruned
from gt_common.log import get_logger
from gt_common.messages import UnknownEvent


class _OfBatch(Protocol):
    @property
    def batch_id(self) -> str: ...


OfBatch = TypeVar("OfBatch", bound=_OfBatch)

_log = get_logger("ledger")


def drop_late(
    connection: Connection, fresh: Mapping[str, OfBatch], known: Collection[str]
) -> dict[str, OfBatch]:
    """Return the events without those of pruned batches; these are counted in the tombstones.

    Only batches without a row of their own are looked up, so it costs nothing while no batch begins.

    Parameters:
        known: ids of the batches that have a row and are not being pruned
    """
    missing = {event.batch_id for event in fresh.values()} - set(known)
    gone = _pruned(connection, missing)
    if not gone:
        return dict(fresh)
    _count(connection, Counter(event.batch_id for event in fresh.values() if event.batch_id in gone))
    return {event_id: event for event_id, event in fresh.items() if event.batch_id not in gone}


def drop_late_unknown(connection: Connection, given: Sequence[UnknownEvent]) -> Sequence[UnknownEvent]:
    """Return events of unknown types without those of pruned batches; these are counted."""
    gone = _pruned(connection, {event.batch_id for event in given if event.batch_id is not None})
    if gone:
        _count(connection, Counter(event.batch_id for event in given if event.batch_id in gone))
        return [event for event in given if event.batch_id not in gone]
    return given


def _pruned(connection: Connection, batch_ids: Collection[str]) -> set[str]:
    found: set[str] = set()
    for ids in chunks(list(batch_ids)):
        found.update(
            connection.execute(select(pruned.c.batch_id).where(pruned.c.batch_id.in_(ids))).scalars()
        )
    return found


def _count(connection: Connection, late: Mapping[str | None, int]) -> None:
    for batch_id, number in late.items():
        counted = update(pruned).where(pruned.c.batch_id == batch_id)
        connection.execute(counted.values(late=pruned.c.late + number))
        _log.warning("late_events_dropped", batch_id=batch_id, events=number)
