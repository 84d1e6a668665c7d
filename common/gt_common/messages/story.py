"""The story message: one story on its way to a worker, or a dead letter."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, TypedDict

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from gt_common.failures import Failure
from gt_common.messages.fields import (
    MAX_ORDINAL,
    Count,
    GivenName,
    Identifier,
    Label,
    Millionths,
    Ordinal,
    Reason,
    StoryUrl,
    Title,
    Versioned,
    utc_now,
)
from gt_common.money import MOST_MILLIONTHS
from gt_common.stories.priority import Priority

MAX_ERRORS: Final = 5
GT_BATCH: Final = "gt-batch"
"""`made_by` of a batch that ran on one machine, without a broker."""
START: Final = "start"
"""`waits_for` of a story that waits for the start time of its batch or of its line in the list."""

_NO_WAIT: Final[Mapping[str, object]] = {
    "not_before": None,
    "waits_for": None,
    "waits": None,
    "wait_error": None,
}
"""Of a message whose next attempt has met no limit yet."""


class AttemptError(BaseModel):
    """One failed attempt, as recorded in the message."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    failure: Failure
    generation: Ordinal
    attempt: Ordinal
    worker: Label | None = None
    project_id: Label | None = None
    started_at: AwareDatetime | None = None
    ended_at: AwareDatetime


class Replay(BaseModel):
    """Who replayed a dead letter, when and why, and which options were changed.

    Parameters:
        options: options that were set, by name; null removes one
        options_before: their earlier values; options that the story did not have are missing
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    at: AwareDatetime
    by: Label
    reason: Reason | None = None
    options: dict[str, JsonValue] = Field(default_factory=dict)
    options_before: dict[str, JsonValue] = Field(default_factory=dict)


class Restore(BaseModel):
    """Who restored a discarded dead letter, when and why."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    at: AwareDatetime
    by: Label
    reason: Reason | None = None


def attempts_used(attempt: int, of_last_error: int | None) -> int:
    """Return how many attempts a dead letter used up.

    A letter that the broker made counts as later than any attempt that a lost worker may have reported.

    Parameters:
        attempt: that of the letter
        of_last_error: the attempt of its last error; None if it has no errors
    """
    return attempt if of_last_error is None or of_last_error >= attempt else of_last_error - 1


class StoryIdentity(TypedDict):
    """The fields that every event copies from the message of its story."""

    batch_id: str
    story_id: str
    position: int
    url: str
    generation: int


class StoryMessage(Versioned):
    """One story of one batch on its way to a worker, or, with `died_at`, a dead letter.

    Parameters:
        position: position in the list, from 1
        url, canonical_url: as given, and the form that is equal for equal stories; programs get the URL as an
            argument, so it must not look like an option
        given: how the list names a story file, if that is not its URL
        options: the orchestrator's options of this story
        title: as it was known when the list was read; names the video's file, so that it never changes
        generation: 1, plus one for every replay and every restore
        attempt: the next attempt (in a dead letter: the last one), from 1
        run: how often this attempt was requeued without being used up (stopped worker, rate limit)
        errors: the last five failed attempts, oldest first
        died_at: when it became a dead letter
        not_before, waits_for: earliest time of the next run, and the provider that asked for the wait, or
            `start` for the start time that its list gives it
        replays: the last five replays, oldest first
        restored: the last restore after a discard
        waits, wait_error: how often this attempt has met a limit, and what the last failure said of it; None
            if it has met none, or only such as the orchestrator named
        spent: millionths of the currency that its runs have spent, those of lost workers left out
        project_id: the orchestrator's project that the next run resumes, if one was begun
        fresh: resume no project of an earlier generation, even if it is noted beside the videos
        priority: which of the stories that wait for a worker comes first, as far as the broker can
    """

    batch_id: Identifier
    story_id: Identifier
    position: Ordinal
    url: StoryUrl
    canonical_url: StoryUrl
    options: dict[str, JsonValue] = Field(default_factory=dict)
    title: Title = None
    given: GivenName | None = None
    generation: Ordinal = 1
    attempt: Ordinal = 1
    run: Count = 0
    published_at: AwareDatetime = Field(default_factory=utc_now)
    errors: tuple[AttemptError, ...] = Field(default=(), max_length=MAX_ERRORS)
    died_at: AwareDatetime | None = None
    not_before: AwareDatetime | None = None
    waits_for: Label | None = None
    waits: Count | None = None
    wait_error: Reason | None = None
    spent: Millionths | None = None
    replays: tuple[Replay, ...] = Field(default=(), max_length=MAX_ERRORS)
    restored: Restore | None = None
    project_id: Label | None = None
    fresh: bool = False
    priority: Priority = Priority.NORMAL

    def resuming(self, project_id: str | None) -> StoryMessage:
        """Return the message with the project that the next run resumes."""
        return self._with(project_id=project_id)

    @property
    def starts_at(self) -> datetime | None:
        """The start time that was given to the story; None if it has none, or waits for a provider."""
        return self.not_before if self.waits_for == START else None

    @property
    def attempts_used(self) -> int:
        """Number of attempts that the story of this dead letter used up in its generation."""
        return attempts_used(self.attempt, self.errors[-1].attempt if self.errors else None)

    def failed_attempt(self, error: AttemptError) -> StoryMessage:
        """Return the message for the attempt after this failed one."""
        errors = (*self.errors, error)[-MAX_ERRORS:]
        return self._with(attempt=error.attempt + 1, run=0, errors=errors, **_NO_WAIT)

    def charged(self, losses: int) -> StoryMessage:
        """Return the message with one attempt used up for each worker that was lost with the story."""
        return self._with(attempt=min(self.attempt + losses, MAX_ORDINAL))

    def having_spent(self, millionths: int) -> StoryMessage:
        """Return the message with what one more run has spent."""
        if not millionths:
            return self
        return self._with(spent=min((self.spent or 0) + millionths, MOST_MILLIONTHS))

    def having_waited(self, error: str | None) -> StoryMessage:
        """Return the message after a run that met a limit, of which a failure said this."""
        return self._with(waits=min((self.waits or 0) + 1, MAX_ORDINAL), wait_error=error)

    def handed_back(self) -> StoryMessage:
        """Return the message for another run of the same attempt, which was interrupted and not used up."""
        return self._with(run=self.run + 1)

    def put_off(self, provider: str, until: datetime | None) -> StoryMessage:
        """Return the message for another run of the same attempt, after a provider asked to wait.

        Parameters:
            until: end of the wait, if the message becomes due before it
        """
        waits_for = provider[:200] if until else None
        return self._with(run=self.run + 1, not_before=until, waits_for=waits_for)

    def dead(self, error: AttemptError) -> StoryMessage:
        """Return the dead letter after this last failed attempt."""
        errors = (*self.errors, error)[-MAX_ERRORS:]
        return self._with(attempt=error.attempt, errors=errors, died_at=error.ended_at)

    def replayed(self, replay: Replay, *, fresh: bool = False) -> StoryMessage:
        """Return the message that replays this dead letter, as the next generation.

        Parameters:
            fresh: resume no project of the earlier generations
        """
        replays = (*self.replays, replay)[-MAX_ERRORS:]
        changes: dict[str, object] = {"attempt": 1, "run": 0, "errors": (), "died_at": None}
        changes |= {**_NO_WAIT, "fresh": fresh}
        if fresh:
            changes["project_id"] = None
        if replay.options:
            options = {**self.options, **replay.options}
            gone = {name for name, value in replay.options.items() if value is None}
            changes["options"] = {name: options[name] for name in options if name not in gone}
        return self._with(generation=self.generation + 1, replays=replays, **changes)

    def brought_back(self, restore: Restore) -> StoryMessage:
        """Return this discarded dead letter restored, as the next generation."""
        return self._with(generation=self.generation + 1, restored=restore)

    def _with(self, **changes: object) -> StoryMessage:
        return self.model_copy(update=changes)

    def identity(self) -> StoryIdentity:
        """Return the fields that every event of this story has."""
        return {
            "batch_id": self.batch_id,
            "story_id": self.story_id,
            "position": self.position,
            "url": self.url,
            "generation": self.generation,
        }

    def headers(self) -> dict[str, str | int]:
        """Return the headers that people see when they look into a queue."""
        return {
            "gt-batch-id": self.batch_id,
            "gt-story-id": self.story_id,
            "gt-generation": self.generation,
            "gt-attempt": self.attempt,
        }
