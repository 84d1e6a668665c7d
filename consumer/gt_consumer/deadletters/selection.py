"""Selecting dead letters by batch, story, error, stage, group and time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gt_common.durations import parse_duration
from gt_common.errors import UsageError
from gt_common.failures import Failure
from gt_common.ledger.letter_line import NO_ERROR

if TYPE_CHECKING:
    from gt_common.messages import AttemptError, StoryEvent, StoryMessage


@dataclass(frozen=True)
class Selection:
    """Criteria for dead letters; a letter must meet all that are given.

    Parameters:
        batch: batch id
        stories: story ids; the letter's must be one of them
        error: the exact error type, or a part of its message; case does not matter
        stage: name of the stage; case does not matter
        group: fingerprint of the failure
        since: earliest time of death

    Raises:
        UsageError: a text is empty, as left by an unset variable in a script
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
            raise UsageError(f"{(empty or ['--story'])[0]} is empty; omit it to select all")

    @property
    def everything(self) -> bool:
        """Whether there are no criteria."""
        return self == Selection()

    @property
    def needs_letter(self) -> bool:
        """Whether a criterion is about the letter, and not only about its story."""
        return any(value is not None for value in (self.error, self.stage, self.group))

    def matches_story(self, event: StoryEvent) -> bool:
        """Whether a story, with the event that made it final, meets the criteria that need no letter."""
        return (
            self.batch in {None, event.batch_id}
            and (not self.stories or event.story_id in self.stories)
            and (self.since is None or event.at >= self.since)
        )

    def matches(self, letter: StoryMessage, when: datetime | None = None) -> bool:
        """Whether a dead letter meets all criteria.

        Parameters:
            when: the time that `since` is compared with; None for the time of its death
        """
        return (
            self.batch in {None, letter.batch_id}
            and (not self.stories or letter.story_id in self.stories)
            and (self.error is None or _has_error(letter, self.error))
            and (self.stage is None or _stage(letter).casefold() == self.stage.casefold())
            and (self.group is None or last_failure(letter).fingerprint == self.group.strip())
            and (self.since is None or (when or died(letter)) >= self.since)
        )


def parse_since(text: str, now: datetime) -> datetime:
    """Parse a time in the past: an age such as `2h`, or an ISO time, local unless it names a zone.

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
                f"invalid --since {text!r}: expected for example 2h, 2026-03-01 or 2026-03-01T14:00"
            ) from None
    if when > now:
        raise UsageError(f"invalid --since {text!r}: it is in the future")
    return when


def last_error(letter: StoryMessage) -> AttemptError | None:
    """Return the last attempt's error, which made the story a dead letter."""
    return letter.errors[-1] if letter.errors else None


def last_failure(letter: StoryMessage) -> Failure:
    """Return the failure of the last attempt; a letter from another program may not name one."""
    last = last_error(letter)
    return last.failure if last else Failure(type="unknown", message=NO_ERROR)


def died(letter: StoryMessage) -> datetime:
    """Return when the story became a dead letter."""
    return letter.died_at or letter.published_at


def _has_error(letter: StoryMessage, text: str) -> bool:
    failure, wanted = last_failure(letter), text.casefold()
    return wanted == failure.type.casefold() or wanted in failure.message.casefold()


def _stage(letter: StoryMessage) -> str:
    return last_failure(letter).stage or ""
