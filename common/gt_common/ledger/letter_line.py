"""A dead letter as a list shows it, read from the event of its story without the rest of the letter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from gt_common.failures import Failure, FailureSummary, summary_of
from gt_common.messages.fields import utc_now
from gt_common.messages.story import attempts_used

NO_ERROR: Final = "the dead letter does not name an error"
"""In the place of a message, for a letter from another program that names none."""


@dataclass(frozen=True)
class LetterLine:
    """What a list shows of a dead letter.

    Parameters:
        generation: of the letter
        failure: that of the last attempt
        attempts: those that were used up
        seen_at: when it died, or was published if that is unknown
        replays: how often it was replayed before
    """

    batch_id: str
    story_id: str
    position: int
    url: str
    generation: int
    failure: FailureSummary | Failure
    attempts: int
    worker: str | None
    died_at: datetime | None
    seen_at: datetime
    replays: int


def read_letter_line(body: str) -> LetterLine | None:
    """Decode the line of a dead letter from the event that carries it; None if it carries none."""
    letter = _Event.model_validate_json(body).letter
    if letter is None:
        return None
    last = letter.errors[-1] if letter.errors else None
    failure: dict[str, object] = vars(last.failure) if last else {"type": "unknown", "message": NO_ERROR}
    return LetterLine(
        batch_id=letter.batch_id,
        story_id=letter.story_id,
        position=letter.position,
        url=letter.url,
        generation=letter.generation,
        failure=summary_of(failure),
        attempts=attempts_used(letter.attempt, last.attempt if last else None),
        worker=last.worker if last else None,
        died_at=letter.died_at,
        seen_at=letter.died_at or letter.published_at,
        replays=len(letter.replays),
    )


class _Part(BaseModel):
    model_config = ConfigDict(defer_build=True)


class _Failure(_Part):
    type: str
    message: str
    stage: str | None = None
    retryable: bool = True
    fingerprint: str = ""


class _Error(_Part):
    failure: _Failure
    attempt: int
    worker: str | None = None


class _Letter(_Part):
    batch_id: str
    story_id: str
    position: int
    url: str
    generation: int = 1
    attempt: int = 1
    published_at: AwareDatetime = Field(default_factory=utc_now)
    errors: tuple[_Error, ...] = ()
    died_at: AwareDatetime | None = None
    replays: tuple[object, ...] = ()


class _Event(_Part):
    letter: _Letter | None = None
