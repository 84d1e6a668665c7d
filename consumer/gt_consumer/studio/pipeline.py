"""From a story to the finished MP4 of a job, stage by stage."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from gt_common.errors import PermanentError
from gt_common.files import open_anywhere, open_below
from gt_consumer.studio.encode import check_ffmpeg
from gt_consumer.studio.film import Film, Progress
from gt_consumer.studio.memory import keep_freed_memory
from gt_consumer.studio.options import StudioOptions, read_options
from gt_consumer.studio.script.document import dump_script, read_script_file
from gt_consumer.studio.script.model import Script
from gt_consumer.studio.text.script import write_script
from gt_consumer.studio.text.story import Story, load_story
from gt_consumer.studio.workspace import Workspace, key_of

STORY, SCRIPT = "story.json", "script.json"


@dataclass(frozen=True)
class MadeVideo:
    """A finished video: its project, its file and its length in seconds."""

    project_id: str
    path: Path
    duration: float


def project_id_of(story: Story, options: StudioOptions) -> str:
    """Derive an id from what determines the video's contents."""
    digest = hashlib.sha256(repr((story.title, story.text, options)).encode()).hexdigest()[:10]
    return f"{slug(story.title)}-{digest}"


def slug(title: str) -> str:
    """Derive a file name from a title."""
    words = re.findall(r"[a-z0-9]+", title.lower().replace("'", ""))
    return "-".join(words)[:40].strip("-") or "story"


def make_video(
    url: str,
    workdir: Path,
    given: Mapping[str, object],
    progress: Progress,
    project_id: str | None = None,
    *,
    roots: Sequence[Path],
    project_dir: Path | None = None,
    begun: Callable[[str], None] = lambda _: None,
) -> MadeVideo:
    """Make the video of a story, from the first stage whose files are missing.

    Parameters:
        workdir: folder for the MP4 and the files beside it
        given: options from the story's line in the list
        progress: called with the stage and the share of it that is done, 0 to 1
        project_id: kept in the result; derived from story and options if None
        roots: folders below which story files are read
        project_dir: for what the stages leave, removed when the video is made; None for a folder in `workdir`
        begun: called with the project's id as soon as something of it can be resumed

    Raises:
        PermanentError: the story or an option can never work
        StudioError: something failed; another attempt may succeed
    """
    keep_freed_memory()
    options = read_options(given)
    check_own_files(options, roots)
    workspace = Workspace((project_dir or workdir) / "stages")
    story = _story(url, roots, workspace, progress)
    script = _script(story, options, workspace, progress)
    options = options.for_text(script.title)  # not from the text: one line less changes no face
    name = project_id or project_id_of(story, options)
    check_ffmpeg()  # not only after the voice, which takes most of the time
    begun(name)
    workdir.mkdir(parents=True, exist_ok=True)
    target = workdir / f"{slug(story.title)}.mp4"
    seconds = Film(script, options, story.source, workspace, progress).make(target)
    workspace.remove()
    return MadeVideo(name, target, seconds)


def check_own_files(options: StudioOptions, roots: Sequence[Path] | None) -> None:
    """Check that the files which the options name may be read, and can be.

    Parameters:
        roots: folders below which they must lie, links resolved; None for anywhere

    Raises:
        PermanentError: one may or can not
    """
    for name, value in (("voice_track", options.voice_track), ("music_file", options.music_file)):
        if not value:
            continue
        path = Path(value)
        try:
            opened = open_anywhere(path) if roots is None else open_below(path, roots)
        except OSError as error:
            raise PermanentError(f"option {name}: {path} cannot be read: {error.strerror}") from None
        if opened is None:
            raise PermanentError(f"option {name}: {path} is not below the folders of GT_STORY_ROOTS")
        os.close(opened)


def _story(url: str, roots: Sequence[Path], workspace: Workspace, progress: Progress) -> Story:
    """Return the story; a post on Reddit is asked for once, a file is read each time."""
    key = key_of(url)
    kept = workspace.path(STORY)
    if url.startswith("http") and workspace.has("story", key):
        return Story(**json.loads(kept.read_bytes()))
    progress("story", 0.0)
    story = load_story(url, roots)
    text = json.dumps(asdict(story), ensure_ascii=False)
    if not workspace.has("story", key) or kept.read_text("utf-8") != text:
        kept.write_text(text, "utf-8")
        workspace.keep("story", key, STORY)
    return story


def _script(story: Story, options: StudioOptions, workspace: Workspace, progress: Progress) -> Script:
    key = key_of(story.title, story.text, options.max_words)
    kept = workspace.path(SCRIPT)
    if workspace.has("script", key):
        return read_script_file(kept)
    progress("script", 0.0)
    script = write_script(story, options.max_words)
    kept.write_text(dump_script(script), "utf-8")
    workspace.keep("script", key, SCRIPT)
    return read_script_file(kept)
