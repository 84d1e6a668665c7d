"""Events of types that this version does not know: kept as they came, folded by a version that knows them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, insert, select

from gt_common.errors import MalformedMessageError
from gt_common.ledger.pruning.late import drop_late_unknown
from gt_common.ledger.rows import chunks
from gt_common.ledger.schema import unknown_events
from gt_common.ledger.watch import Watch
from gt_common.ledger.writing import take
from gt_common.messages import EVENT_TYPES, Event, UnknownEvent, decode_event, utc_now


def keep(connection: Connection, given: Sequence[UnknownEvent]) -> int:
    """Store events of unknown types, each once; return how many were new."""
    fresh = {event.key: event for event in drop_late_unknown(connection, given)}
    for keys in chunks(list(fresh)):
        seen = connection.execute(select(unknown_events.c.key).where(unknown_events.c.key.in_(keys)))
        for key in seen.scalars():
            del fresh[key]
    if fresh:
        rows = [_row(key, event) for key, event in fresh.items()]
        connection.execute(insert(unknown_events), rows)
    return len(fresh)


def _row(key: str, event: UnknownEvent) -> dict[str, object]:
    return {
        "key": key,
        "type": event.type,
        "batch_id": event.batch_id,
        "received_at": utc_now(),
        "body": event.body,
    }


def count_known(connection: Connection) -> int:
    """Return how many stored events have a type that this version does know."""
    query = select(func.count()).select_from(unknown_events).where(unknown_events.c.type.in_(EVENT_TYPES))
    number: int = connection.execute(query).scalar_one()
    return number


def count_unknown(connection: Connection) -> dict[str, int]:
    """Return how many events of each unknown type are stored."""
    query = (
        select(unknown_events.c.type, func.count().label("number"))
        .where(unknown_events.c.type.not_in(EVENT_TYPES))
        .group_by(unknown_events.c.type)
        .order_by(unknown_events.c.type)
    )
    return {row.type: row.number for row in connection.execute(query)}


def fold_known(connection: Connection, watch: Watch | None = None) -> None:
    """Fold the stored events whose type this version knows, and drop them from the unknown ones.

    One that cannot be read, although its type is known, stays where it is.

    Parameters:
        watch: writes the notifications that they give rise to
    """
    query = select(unknown_events.c.key, unknown_events.c.body).where(unknown_events.c.type.in_(EVENT_TYPES))
    known: dict[str, Event] = {}
    for key, body in connection.execute(query):
        try:
            event = decode_event(body.encode())
        except MalformedMessageError:
            continue
        if not isinstance(event, UnknownEvent):
            known[key] = event
    take(connection, list(known.values()), watch)
    for keys in chunks(list(known)):
        connection.execute(delete(unknown_events).where(unknown_events.c.key.in_(keys)))
