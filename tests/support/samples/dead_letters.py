"""Dead letters for tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from gt_common.failures import Failure
from gt_common.messages import AttemptError, StoryMessage
from gt_common.stories import story_id

FIRST = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Found:
    """What was read from a dead letter."""

    body: bytes
    headers: Mapping[str, object] = field(default_factory=dict)
    died_of: str | None = None
    died_at: datetime = FIRST


def make_story(position: int, batch: str = "b1") -> StoryMessage:
    """Return a story message, generation 1, attempt 1."""
    url = f"https://www.reddit.com/comments/{position}/"
    return StoryMessage(
        batch_id=batch,
        story_id=story_id(batch, url),
        position=position,
        url=url,
        canonical_url=url,
        options={"voice": f"v{position}"},
        published_at=FIRST,
    )


def make_error(
    position: int, kind: str = "TimeoutError", message: str = "no answer", stage: str | None = "narration"
) -> AttemptError:
    """Return the error of an attempt that took a minute; later positions end later."""
    ended = FIRST + timedelta(minutes=position)
    return AttemptError(
        failure=Failure(
            type=kind, message=message, stage=stage, traceback=f"  File x\n    here\n{kind}: {message}"
        ),
        generation=1,
        attempt=3,
        worker="w1",
        started_at=ended - timedelta(minutes=1),
        ended_at=ended,
    )


def make_letter(
    position: int,
    batch: str = "b1",
    *,
    kind: str = "TimeoutError",
    message: str = "no answer",
    stage: str | None = "narration",
) -> StoryMessage:
    """Return the dead letter of a story that failed for the third time."""
    return make_story(position, batch).dead(make_error(position, kind, message, stage))
