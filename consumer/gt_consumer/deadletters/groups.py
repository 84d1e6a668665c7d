"""Dead letters gathered by their cause."""

from __future__ import annotations

import shlex
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gt_common.messages import StoryMessage
from gt_consumer.deadletters.selection import died, last_failure


@dataclass(frozen=True)
class Group:
    """Dead letters of one cause: same stage, error type and, but for numbers and names, same message.

    Parameters:
        letters: the newest first
        waiting: how many more of it were replayed and have no outcome yet
    """

    fingerprint: str
    letters: tuple[StoryMessage, ...]
    waiting: int

    @property
    def first_seen(self) -> datetime:
        """When the first of its letters died."""
        return died(self.letters[-1])

    @property
    def last_seen(self) -> datetime:
        """When the last of its letters died."""
        return died(self.letters[0])

    @property
    def batches(self) -> list[str]:
        """The batches that have letters of it, that with the most first."""
        counts = Counter(letter.batch_id for letter in self.letters)
        return sorted(counts, key=lambda batch: (-counts[batch], batch))


def group(letters: Iterable[StoryMessage], replayed: Iterable[StoryMessage]) -> list[Group]:
    """Gather letters by fingerprint, the largest group first.

    Parameters:
        replayed: letters that were replayed and have no outcome yet
    """
    members: dict[str, list[StoryMessage]] = defaultdict(list)
    for letter in letters:
        members[last_failure(letter).fingerprint].append(letter)
    waiting = Counter(last_failure(letter).fingerprint for letter in replayed)
    groups = [
        Group(key, tuple(sorted(found, key=died, reverse=True)), waiting[key])
        for key, found in members.items()
    ]
    return sorted(groups, key=lambda one: (-len(one.letters), -one.last_seen.timestamp(), one.fingerprint))


def group_command(fingerprint: str, batch: str | None = None) -> str:
    """Give the command that replays a group, in one batch or in all."""
    of_batch = f" --batch {shlex.quote(batch)}" if batch else ""
    return f"gt-dlq replay --group {shlex.quote(fingerprint)}{of_batch}"
