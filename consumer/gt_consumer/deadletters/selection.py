"""Which dead letters an operator means."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from gt_common.durations import parse_duration
from gt_common.errors import UsageError
from gt_common.failures import Failure
from gt_common.messages import AttemptError, StoryMessage


@dataclass(frozen=True)
class Selection:
    """Which dead letters are meant; what is not given does not restrict, and all that is given must fit.

    Parameters:
        batch: a batch's id
        stories: story ids, of which one must fit
        error: the error's type exactly, or a part of its message; upper and lower case are the same
        stage: the stage's name; upper and lower case are the same
        group: the fingerprint of the cause
        since: not before this time

    Raises:
        UsageError: a text is empty, as an unset variable of a script leaves it
    """

    batch: str | None = None
    stories: frozenset[str] = frozenset()
    error: str | None = None
    stage: str | None = None
    group: str | None = None
    since: datetime | None = None

    def __post_init__(self) -> None:
        given = {"--batch": self.batch, "--error": self.error, "--stage": self.stage, "--group": self.group}
        empty = [flag for flag, value in given.items() if value is not None and not value.strip()]
        if empty or any(not story.strip() for story in self.stories):
            raise UsageError(f"{(empty or ['--story'])[0]} is empty; leave it out to mean all")

    @property
    def everything(self) -> bool:
        """Whether nothing restricts it."""
        return self == Selection()

    def matches(self, letter: StoryMessage, when: datetime | None = None) -> bool:
        """Tell whether a dead letter is meant.

        Parameters:
            when: the time that `since` speaks of; None: that of its death
        """
        return (
            self.batch in {None, letter.batch_id}
            and (not self.stories or letter.story_id in self.stories)
            and (self.error is None or _says(letter, self.error))
            and (self.stage is None or _stage(letter).casefold() == self.stage.casefold())
            and (self.group is None or last_failure(letter).fingerprint == self.group.strip())
            and (self.since is None or (when or died(letter)) >= self.since)
        )


def parse_since(text: str, now: datetime) -> datetime:
    """Read a time in the past: how long ago, such as `2h`, or an ISO time, local where it names no zone.

    Raises:
        UsageError: neither of them, or in the future
    """
    try:
        when = datetime.fromisoformat(text.strip()).astimezone()
    except (ValueError, OverflowError):
        try:
            when = now - timedelta(seconds=parse_duration(text))
        except UsageError:
            raise UsageError(
                f"--since {text!r} is no time; write for example 2h, 2026-03-01 or 2026-03-01T14:00"
            ) from None
    if when > now:
        raise UsageError(f"--since {text!r} lies in the future")
    return when


def last_error(letter: StoryMessage) -> AttemptError | None:
    """Give what the story died of."""
    return letter.errors[-1] if letter.errors else None


def last_failure(letter: StoryMessage) -> Failure:
    """Give the cause of what the story died of; a letter of another program may name none."""
    last = last_error(letter)
    return last.failure if last else Failure(type="unknown", message="the dead letter names no error")


def died(letter: StoryMessage) -> datetime:
    """Give when a letter became one."""
    return letter.died_at or letter.published_at


def _says(letter: StoryMessage, text: str) -> bool:
    failure, wanted = last_failure(letter), text.casefold()
    return wanted == failure.type.casefold() or wanted in failure.message.casefold()


def _stage(letter: StoryMessage) -> str:
    return last_failure(letter).stage or ""
