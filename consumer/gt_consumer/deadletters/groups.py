"""Groups of dead letters with the same cause."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gt_common.failures import Failure, FailureSummary
from gt_common.ledger.letter_line import LetterLine


@dataclass(frozen=True)
class LetterGroup:
    """Dead letters with the same stage, error type and message, apart from numbers and names in it.

    Parameters:
        failure: that of the newest letter
        stories: of its letters, newest first
        batches: of its letters, the one with the most letters first
        first_seen, last_seen: when the oldest and the newest letter died
        waiting: how many other letters of the group were replayed and have no outcome yet
    """

    fingerprint: str
    failure: Failure | FailureSummary
    stories: tuple[str, ...]
    batches: tuple[str, ...]
    first_seen: datetime
    last_seen: datetime
    waiting: int


class Grouping:
    """Groups letters by fingerprint; of each it keeps only what a group tells, as there may be many."""

    def __init__(self) -> None:
        self._members: dict[str, list[tuple[datetime, str]]] = {}
        self._batches: dict[str, Counter[str]] = {}
        self._newest: dict[str, LetterLine] = {}

    def add(self, line: LetterLine) -> None:
        """Add a letter."""
        key = line.failure.fingerprint
        self._members.setdefault(key, []).append((line.seen_at, line.story_id))
        self._batches.setdefault(key, Counter())[line.batch_id] += 1
        newest = self._newest.setdefault(key, line)
        if line.seen_at > newest.seen_at:
            self._newest[key] = line

    def groups(self, replayed: Iterable[str]) -> list[LetterGroup]:
        """Return the groups, the largest first.

        Parameters:
            replayed: fingerprints of letters that were replayed and have no outcome yet
        """
        waiting = Counter(replayed)
        found = [self._group(key, waiting[key]) for key in self._members]
        return sorted(found, key=lambda one: (-len(one.stories), -one.last_seen.timestamp(), one.fingerprint))

    def _group(self, key: str, waiting: int) -> LetterGroup:
        members = sorted(self._members[key], key=lambda member: member[0], reverse=True)
        counts = self._batches[key]
        return LetterGroup(
            fingerprint=key,
            failure=self._newest[key].failure,
            stories=tuple(story for _, story in members),
            batches=tuple(sorted(counts, key=lambda batch: (-counts[batch], batch))),
            first_seen=members[-1][0],
            last_seen=members[0][0],
            waiting=waiting,
        )


def group_command(fingerprint: str, batch: str | None = None) -> str:
    """Return the command that replays a group, in one batch or in all."""
    of_batch = f" --batch {shlex.quote(batch)}" if batch else ""
    return f"gt-dlq replay --group {shlex.quote(fingerprint)}{of_batch}"
