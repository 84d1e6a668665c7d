"""Notes of the projects that orchestrators began, so that a later attempt on this machine can resume them."""

from __future__ import annotations

import json
from pathlib import Path

from gt_common.files import write_atomically
from gt_common.messages import StoryMessage
from gt_consumer.processes.values import label
from gt_consumer.storage.names import draft_of, remove_leftovers, safe_name


def noted_project(state_dir: Path, story: StoryMessage) -> str | None:
    """Return the project that an earlier attempt on this machine began, if any is known."""
    try:
        content = json.loads(_place(state_dir, story).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    project_id = content.get("project_id") if isinstance(content, dict) else None
    return label(project_id) if isinstance(project_id, str) else None


def note_project(state_dir: Path, story: StoryMessage, project_id: str) -> None:
    """Note the project that a failed attempt began.

    Raises:
        OSError: the note cannot be written
    """
    path = _place(state_dir, story)
    remove_leftovers(path)
    write_atomically(
        path, json.dumps({"project_id": project_id}), draft=draft_of(path), error=None, private=True
    )


def forget_project(state_dir: Path, story: StoryMessage) -> None:
    """Remove the note: the video is finished, or resuming does not help."""
    _place(state_dir, story).unlink(missing_ok=True)


def _place(state_dir: Path, story: StoryMessage) -> Path:
    return state_dir / "projects" / safe_name(story.batch_id) / f"{safe_name(story.story_id)}.json"
