"""From a story to the finished MP4, stage by stage."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from gt_consumer.studio.encode import FPS, FrameWriter, check_ffmpeg, mux
from gt_consumer.studio.options import StudioOptions, read_options
from gt_consumer.studio.picture.captions import group
from gt_consumer.studio.picture.cast import cast_looks
from gt_consumer.studio.picture.layout import WIDTH
from gt_consumer.studio.picture.panels import Painter, Panel
from gt_consumer.studio.picture.render import frame_count, render
from gt_consumer.studio.picture.shots import Shot, plan_shots
from gt_consumer.studio.sound import mix
from gt_consumer.studio.sound.narration import Narration, narrate
from gt_consumer.studio.sound.voice import voice
from gt_consumer.studio.text.mood import compound
from gt_consumer.studio.text.script import Script, write_script
from gt_consumer.studio.text.story import Story, load_story

Progress = Callable[[str, float], None]
# A panel is drawn a little larger than it is shown, since the camera enlarges it.
_PANEL_SCALE = 1.0


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
) -> MadeVideo:
    """Make the video of a story.

    Parameters:
        workdir: folder for the MP4 and intermediate files
        given: options from the story's line in the list
        progress: called with the stage and the share of it that is done, 0 to 1
        project_id: kept in the result; derived from story and options if None
        roots: folders below which story files are read

    Raises:
        PermanentError: the story or an option can never work
        StudioError: something failed; another attempt may succeed
    """
    options = read_options(given)
    progress("story", 0.0)
    story = load_story(url, roots)
    options = options.for_text(story.text)
    progress("script", 0.0)
    script = write_script(story, options.max_words)
    check_ffmpeg()  # not only after the voice, which takes most of the time
    progress("voice", 0.0)
    speaker = voice(options.voice)
    narration = narrate(script, speaker, options.speed, options.seed, lambda part: progress("voice", part))
    shots = plan_shots(narration, script.title, options.seed)
    progress("mix", 0.0)
    workdir.mkdir(parents=True, exist_ok=True)
    seconds = frame_count(narration.seconds) / FPS
    sound = workdir / "sound.wav"
    _write_sound(sound, script, narration, shots, seconds, options)
    silent = workdir / "silent.mp4"
    _write_pictures(silent, script, narration, shots, options, progress)
    name = project_id or project_id_of(story, options)
    target = workdir / f"{slug(story.title)}.mp4"
    mux(silent, sound, target, (("title", story.title or script.title),))
    silent.unlink()
    sound.unlink()
    return MadeVideo(name, target, seconds)


def _write_sound(
    path: Path,
    script: Script,
    narration: Narration,
    shots: list[Shot],
    seconds: float,
    options: StudioOptions,
) -> None:
    dark = compound(" ".join(line.text for line in script.lines)) < 0
    cues = [mix.Cue(s.start, "impact") for s in shots if s.loud]
    acts = [(a, b) for a, b in pairwise(shots) if a.act != b.act and not b.loud]
    cues += [mix.Cue(b.start, "whoosh") for _, b in acts]
    tune = options.seed if options.music else None
    mix.write_wav(path, mix.mix(list(narration.placed), seconds, tune, dark, cues))


def _write_pictures(
    path: Path,
    script: Script,
    narration: Narration,
    shots: list[Shot],
    options: StudioOptions,
    progress: Progress,
) -> None:
    width, height = (360, 640) if options.preview else (1080, 1920)
    scale = width / WIDTH * _PANEL_SCALE
    panels = _paint(script, shots, options, scale, progress)
    _give_back_memory()
    words = [w for u in narration.utterances for w in u.words]
    phrases = group(words, [s.start for s in shots])
    with FrameWriter(path, width, height, fast=options.preview) as writer:
        render(
            shots,
            panels,
            phrases,
            narration.seconds,
            writer,
            (width, height),
            scale,
            lambda part: progress("render", part),
        )


def _give_back_memory() -> None:
    """Return freed memory to the system before ffmpeg needs it; glibc would keep it for this thread."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _paint(
    script: Script, shots: list[Shot], options: StudioOptions, scale: float, progress: Progress
) -> list[Panel]:
    painter = Painter(cast_looks(script.persons, options.seed), scale, options.seed)
    panels = []
    for n, shot in enumerate(shots):
        panels.append(painter.paint(shot))
        progress("panels", (n + 1) / len(shots))
    return panels
