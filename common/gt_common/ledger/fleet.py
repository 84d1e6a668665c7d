"""Events about the whole fleet: few, each kept as it came; the one that counts is found when it is needed."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, insert, select

from gt_common.ledger.rows import body_of
from gt_common.ledger.schema import fleet_holds
from gt_common.messages import FleetEvent


def keep_fleet_events(connection: Connection, given: Iterable[FleetEvent]) -> int:
    """Store events about the fleet, each once; return how many were new."""
    fresh = {event.event_id: event for event in given}
    if not fresh:
        return 0
    seen = connection.execute(
        select(fleet_holds.c.event_id).where(fleet_holds.c.event_id.in_(list(fresh)))
    ).scalars()
    for event_id in seen:
        del fresh[event_id]
    rows = [
        {"event_id": event.event_id, "revision": event.revision, "body": body_of(event)}
        for event in fresh.values()
    ]
    if rows:
        connection.execute(insert(fleet_holds), rows)
    return len(rows)
