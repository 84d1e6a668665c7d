"""Notes of the projects that orchestrators began, so that a later run can resume them.

They lie beside the working folders of attempts, in the output folder: workers that share it share them.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gt_common.files import write_atomically
from gt_common.messages import Ordinal, StoryMessage
from gt_consumer.processes.values import project_name
from gt_consumer.storage.links import look_once
from gt_consumer.storage.names import draft_of, safe_name

MOST_STAGES: Final = 100
MOST_UNENDED: Final = 3
"""After so many resumes in a row that reached nothing new and were killed with their worker, start over."""

_TRIES = 5

_Stage = Annotated[str, Field(max_length=200)]


class Checkpoint(BaseModel):
    """What is known of a begun project.

    Parameters:
        generation: the last generation of the story that worked on it
        stages: those that any run of it has reached
        unended: resumes since the last new stage whose end is not known, because their worker was killed
        failed_at: generation and attempt of a resume that failed without reaching a new stage
    """

    model_config = ConfigDict(frozen=True)

    project_id: Annotated[str, Field(max_length=200)]
    generation: Ordinal = 1
    stages: Annotated[tuple[_Stage, ...], Field(max_length=MOST_STAGES)] = ()
    unended: Annotated[int, Field(ge=0)] = 0
    failed_at: tuple[int, int] | None = None

    def resumable(self, story: StoryMessage, attempt: int) -> bool:
        """Whether an attempt at the story may resume the project; False if resuming it has led nowhere.

        A resume that failed in this same attempt was followed by a wait for a provider: it is repeated.
        """
        if story.fresh and self.generation < story.generation:
            return False
        fruitless = self.failed_at is not None and (story.generation, attempt) > self.failed_at
        return not fruitless and self.unended < MOST_UNENDED


def read_checkpoint(output: Path, story: StoryMessage) -> Checkpoint | None:
    """Return what is noted of the project that an earlier run began, if there is a readable note."""
    try:
        found = Checkpoint.model_validate_json(_place(output, story).read_bytes(), strict=True)
    except (OSError, ValidationError, RecursionError):
        return None
    return found if project_name(found.project_id) == found.project_id else None


def write_checkpoint(output: Path, story: StoryMessage, checkpoint: Checkpoint) -> None:
    """Note a project; an earlier note of the story is replaced.

    Raises:
        OSError: the note cannot be written
    """
    path = _place(output, story)
    look_once(str(path.parent))
    for left in reversed(range(_TRIES)):
        try:
            write_atomically(path, checkpoint.model_dump_json(), draft=draft_of(path), error=None)
        except FileNotFoundError:
            # Another worker has just removed the batch's folder because it was empty.
            if not left:
                raise
        else:
            break


def remove_checkpoint(output: Path, story: StoryMessage) -> None:
    """Remove the note: the video is finished, or resuming does not help.

    Raises:
        OSError: the note cannot be removed
    """
    path = _place(output, story)
    path.unlink(missing_ok=True)
    for folder in (path.parent, path.parent.parent):
        with contextlib.suppress(OSError):
            folder.rmdir()


def project_folder(output: Path, story: StoryMessage) -> Path:
    """Return the folder in which an orchestrator may keep the files of a story's projects."""
    return output / "projects" / safe_name(story.batch_id) / safe_name(story.story_id)


def _place(output: Path, story: StoryMessage) -> Path:
    return output / ".projects" / safe_name(story.batch_id) / f"{safe_name(story.story_id)}.json"
