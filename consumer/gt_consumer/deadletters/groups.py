"""Groups of dead letters with the same cause."""

from __future__ import annotations

import shlex
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gt_common.messages import StoryMessage
from gt_consumer.deadletters.selection import died, last_failure


@dataclass(frozen=True)
class LetterGroup:
    """Dead letters with the same stage, error type and message, apart from numbers and names in it.

    Parameters:
        letters: newest first
        waiting: how many other letters of the group were replayed and have no outcome yet
    """

    fingerprint: str
    letters: tuple[StoryMessage, ...]
    waiting: int

    @property
    def first_seen(self) -> datetime:
        """When the oldest letter died."""
        return died(self.letters[-1])

    @property
    def last_seen(self) -> datetime:
        """When the newest letter died."""
        return died(self.letters[0])

    @property
    def batches(self) -> list[str]:
        """The batches of its letters, the one with the most letters first."""
        counts = Counter(letter.batch_id for letter in self.letters)
        return sorted(counts, key=lambda batch: (-counts[batch], batch))


def group_letters(letters: Iterable[StoryMessage], replayed: Iterable[StoryMessage]) -> list[LetterGroup]:
    """Group letters by fingerprint, largest group first.

    Parameters:
        replayed: letters that were replayed and have no outcome yet
    """
    members: dict[str, list[StoryMessage]] = defaultdict(list)
    for letter in letters:
        members[last_failure(letter).fingerprint].append(letter)
    waiting = Counter(last_failure(letter).fingerprint for letter in replayed)
    groups = [
        LetterGroup(key, tuple(sorted(found, key=died, reverse=True)), waiting[key])
        for key, found in members.items()
    ]
    return sorted(groups, key=lambda one: (-len(one.letters), -one.last_seen.timestamp(), one.fingerprint))


def group_command(fingerprint: str, batch: str | None = None) -> str:
    """Return the command that replays a group, in one batch or in all."""
    of_batch = f" --batch {shlex.quote(batch)}" if batch else ""
    return f"gt-dlq replay --group {shlex.quote(fingerprint)}{of_batch}"
