"""What gt-studio does."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from gt_common.errors import PermanentError, UsageError
from gt_common.settings import Settings
from gt_common.stories.roots import roots_of_stories
from gt_common.stories.urls import NotAStoryError, canonical_url, path_of
from gt_consumer.studio.needs import check_needs, check_text_needs
from gt_consumer.studio.options import StudioOptions, read_options
from gt_consumer.studio.script.document import MAX_BYTES, dump_script, read_script_file, write_script_file
from gt_consumer.studio.script.model import Script
from gt_consumer.studio.text.script import write_script
from gt_consumer.studio.text.story import load_story
from gt_consumer.studio.workspace import STAGES, Workspace


def make_script(story: str, settings: Settings, max_words: int | None = None) -> Script:
    """Return the script of a story.

    Parameters:
        story: a post on Reddit, or the path or `file:` URL of a story file
        max_words: length of the script; None for that of videos

    Raises:
        UsageError: this is not a story, or it cannot be told
        RedditUnreachableError, CredentialsRefusedError, RateLimited: Reddit does not return the post now
    """
    check_text_needs()
    try:
        url = canonical_url(story, Path.cwd())[1]
        options = read_options({} if max_words is None else {"max_words": max_words})
        roots = settings.story_roots or roots_of_stories([url])
        return write_script(load_story(url, roots), options.max_words)
    except (NotAStoryError, PermanentError) as error:
        raise UsageError(str(error)) from None


def script(story: str, output: Path, settings: Settings, max_words: int | None = None) -> int:
    """Write the script of a story to a file and print its path; return the exit code.

    Raises:
        UsageError: as `make_script`, or the script would replace the story
    """
    made = make_script(story, settings, max_words)
    url = canonical_url(story, Path.cwd())[1]
    if url.startswith("file:") and output.exists() and output.samefile(path_of(url)):
        raise UsageError(f"{output} is the story itself; give the script another name")
    _keep_other(output, dump_script(made))
    print(write_script_file(made, output))
    return 0


def _keep_other(output: Path, text: str) -> None:
    """Keep another script of this name, which may have been edited by hand, under a name of its own."""
    if not output.is_file() or output.read_bytes() == text.encode():
        return
    names = (output.with_name(f"{output.name}.{number}") for number in count(1))
    kept = next(name for name in names if not name.exists())
    output.replace(kept)
    print(f"gt-studio: the {output.name} that was there is kept as {kept}", file=sys.stderr)


def render(path: Path, output: Path | None, given: Sequence[str], from_stage: str | None) -> int:
    """Make the video of a script and print its path; return the exit code.

    Parameters:
        output: the MP4; None for one in the current folder, called like the title
        given: options as NAME=VALUE
        from_stage: the first stage to run although its files are there; None for the first that is missing

    Raises:
        UsageError: the file is not a script, or an option is wrong
        StudioError: something failed; the same command continues with what is done
    """
    from gt_consumer.studio.encode import check_ffmpeg
    from gt_consumer.studio.film import Film
    from gt_consumer.studio.memory import keep_freed_memory
    from gt_consumer.studio.pipeline import check_own_files, slug

    told = _read_script(path)
    options = _options(given, told)
    check_needs()
    check_ffmpeg()
    keep_freed_memory()
    target = output or Path(f"{slug(told.title)}.mp4")
    if target.suffix.lower() != ".mp4":
        raise UsageError(f"{target}: the video is an MP4; give it a name that ends in .mp4")
    if not os.access(target.absolute().parent, os.W_OK):
        raise UsageError(f"cannot write to the folder {target.absolute().parent}")
    workspace = Workspace(target.absolute().with_name(f".{target.stem}.stages"))
    if from_stage is not None:
        workspace.forget(from_stage)
    try:
        check_own_files(options, None)
        Film(told, options, "", workspace, Shown()).make(target.absolute())
    except PermanentError as error:
        raise UsageError(str(error)) from None
    print(target)
    return 0


def preview(source: str, output: Path, given: Sequence[str], settings: Settings) -> int:
    """Draw a contact sheet of a story or script and print its path; return the exit code.

    Nothing is spoken and times are estimated, so the pictures of the video may be cut a little differently.

    Raises:
        UsageError: this is neither a story nor a script, or an option is wrong
    """
    from gt_consumer.studio.film import Film
    from gt_consumer.studio.picture.sheet import SCALE, draw_sheet
    from gt_consumer.studio.picture.shots import plan_shots
    from gt_consumer.studio.sound.estimate import estimate

    told = _read_script(Path(source)) if _is_script(Path(source)) else make_script(source, settings)
    options = _options(given, told)
    check_needs()
    if output.suffix.lower() not in {".png", ".jpg", ".jpeg"}:
        raise UsageError(f"{output}: a contact sheet is a .png or .jpg")
    shots = plan_shots(estimate(told, options.speed), told, options.seed)
    film = Film(told, options, "", Workspace(Path()))
    draw_sheet(film.painter(SCALE), film.view, shots, output)
    print(output)
    return 0


class Shown:
    """Shows the progress on a terminal: one line, which each stage starts over."""

    def __init__(self) -> None:
        self._stage = ""

    def __call__(self, stage: str, part: float) -> None:
        """Show the share of a stage that is done, 0 to 1."""
        if sys.stderr.isatty():
            print(f"\r{stage} {part:4.0%} ", end="\n" if part >= 1 else "", file=sys.stderr, flush=True)
        elif stage != self._stage:
            print(stage, file=sys.stderr, flush=True)
        self._stage = stage


def check_stage(name: str | None) -> str | None:
    """Return the name of a stage.

    Raises:
        UsageError: there is no such stage
    """
    if name is not None and name not in STAGES:
        raise UsageError(f"--from-stage {name}: the stages are {', '.join(STAGES)}")
    return name


def _options(given: Sequence[str], told: Script) -> StudioOptions:
    """Return the options; the seed is that of the title unless one is given."""
    values: dict[str, object] = {}
    for part in given:
        name, equals, value = part.partition("=")
        if not equals:
            raise UsageError(f"invalid --set {part!r}: expected NAME=VALUE, for example speed=1.2")
        values[name.strip()] = _value(value)
    try:
        return read_options(values).for_text(told.title)
    except PermanentError as error:
        raise UsageError(str(error)) from None


def _value(text: str) -> object:
    """Return a number, true or false, else the text itself."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, bool | int | float) else text


def _read_script(path: Path) -> Script:
    try:
        return read_script_file(path)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; `gt-studio script STORY` writes a script") from None


def _is_script(path: Path) -> bool:
    """Whether a file is a script and not a story, such as a Reddit post as JSON."""
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and "lines" in content and ("schema" in content or "cast" in content)
