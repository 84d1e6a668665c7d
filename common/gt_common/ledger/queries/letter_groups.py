"""Dead letters counted by cause, without reading each of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gt_common.failures import Failure
from gt_common.ledger.letter_index import HAS_LETTER
from gt_common.ledger.plain import Plain, Row, utc
from gt_common.ledger.queries.letters import StoryKey, read_current_events, read_local_batches
from gt_common.ledger.queries.tombstones import NOT_PRUNED
from gt_common.lifecycle import StoryStatus
from gt_common.messages import StoryFailed

SAMPLES = 50
"""Groups of which a failure is read as an example, the largest ones."""


@dataclass(frozen=True)
class LetterGroup:
    """Dead letters with one cause.

    Parameters:
        batches: how many letters each batch has, most first
        first, last: when the oldest and the newest died
        failure: that of one of them; None if it was not read
    """

    fingerprint: str
    count: int
    batches: tuple[tuple[str, int], ...]
    first: datetime | None
    last: datetime | None
    failure: Failure | None


def read_letter_groups(plain: Plain, batch_id: str | None) -> list[LetterGroup]:
    """Return the dead letters of a batch, or of all that went through a broker, by cause, most first."""
    of_batch = "" if batch_id is None else "AND batch_id = ?"
    cause = plain.json_text("event", "failure", "fingerprint")
    query = (
        f"SELECT {cause}, batch_id, count(*), min(at), max(at), max(story_id) FROM gt_stories "  # noqa: S608
        f"WHERE status = '{StoryStatus.FAILED.value}' AND {HAS_LETTER} {of_batch} AND {NOT_PRUNED} "
        "GROUP BY 1, 2"
    )
    local = read_local_batches(plain)
    of_cause: dict[str, list[Row]] = {}
    for row in plain.rows(query, *([batch_id] if batch_id else [])):
        if row[1] not in local:
            of_cause.setdefault(row[0] or "", []).append(row)
    ordered = sorted(of_cause.items(), key=lambda item: -sum(row[2] for row in item[1]))
    keys = {name: (rows[0][1], rows[0][5]) for name, rows in ordered[:SAMPLES]}
    failures = _failures(plain, keys)
    return [_group(name, rows, failures.get(name)) for name, rows in ordered]


def _failures(plain: Plain, keys: dict[str, StoryKey]) -> dict[str, Failure]:
    events = read_current_events(plain, [*keys.values()])
    found = {name: events.get(key) for name, key in keys.items()}
    return {name: event.failure for name, event in found.items() if isinstance(event, StoryFailed)}


def _group(name: str, rows: list[Row], failure: Failure | None) -> LetterGroup:
    first = [at for at in (utc(row[3]) for row in rows) if at]
    last = [at for at in (utc(row[4]) for row in rows) if at]
    batches = sorted(((row[1], row[2]) for row in rows), key=lambda pair: -pair[1])
    return LetterGroup(
        fingerprint=name,
        count=sum(row[2] for row in rows),
        batches=tuple(batches),
        first=min(first, default=None),
        last=max(last, default=None),
        failure=failure,
    )
