"""From a script to the finished MP4: voice, panels and render, each of which can be used again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from gt_consumer.studio.encode import FPS, FrameWriter, mux
from gt_consumer.studio.memory import leave_processors_to_the_encoder
from gt_consumer.studio.options import StudioOptions
from gt_consumer.studio.picture.captions import group
from gt_consumer.studio.picture.cast import cast_looks
from gt_consumer.studio.picture.layout import BELOW_HIGH_CAPTIONS, CAPTION_Y, HIGH_CAPTION_Y, TEXT_TOP
from gt_consumer.studio.picture.panels import Card, Painter, Panel
from gt_consumer.studio.picture.render import Captions, frame_count, render
from gt_consumer.studio.picture.shots import Shot, plan_shots
from gt_consumer.studio.picture.thumbnail import save_thumbnail
from gt_consumer.studio.picture.views import VIEWS, View
from gt_consumer.studio.script.document import dump_script
from gt_consumer.studio.script.model import Script
from gt_consumer.studio.sidecars import question_of, write_sidecars
from gt_consumer.studio.sound.narration import Narration
from gt_consumer.studio.sound.timings import read_timings
from gt_consumer.studio.soundtrack import Order, make_sound_apart
from gt_consumer.studio.text.story import place_of_post
from gt_consumer.studio.workspace import Workspace, key_of

Progress = Callable[[str, float], None]
SOUND, TIMINGS, PANELS, THUMBNAIL = "sound.m4a", "timings.json", "panels.json", "thumbnail.jpg"
_SHOTS = TypeAdapter(tuple[Shot, ...])


@dataclass(frozen=True)
class Film:
    """A film to be made.

    Parameters:
        source: URL of the story; empty if it is not known
        workspace: where its stages leave their files
        progress: called with the stage and the share of it that is done, 0 to 1
    """

    script: Script
    options: StudioOptions
    source: str
    workspace: Workspace
    progress: Progress = field(default=lambda *_: None)

    def make(self, target: Path) -> float:
        """Make the film and the files beside it; return its length in seconds.

        Raises:
            PermanentError: the voice is not installed, or cannot read any of the script
            StudioError: something failed; another attempt continues with what is done
        """
        narration = self._voice()
        shots = self._panels(narration)
        self._render(narration, shots, target)
        thumbnail = self.workspace.path(THUMBNAIL)
        write_sidecars(target, self.script, narration, self.options, self.source, thumbnail)
        return frame_count(narration.seconds) / FPS

    def _voice(self) -> Narration:
        """Speak the script and mix the sound, in a process of its own."""
        key = key_of(dump_script(self.script), self.options.of_sound())
        sound, timings = self.workspace.path(SOUND), self.workspace.path(TIMINGS)
        if not self.workspace.has("voice", key):
            make_sound_apart(Order(self.script, self.options, sound, timings), self.progress)
            self.workspace.keep("voice", key, SOUND, TIMINGS)
        return read_timings(self.script, timings)

    def _panels(self, narration: Narration) -> tuple[Shot, ...]:
        """Plan all pictures, and draw the one that stands for the film.

        The others are drawn while the frames before them are encoded, which takes no time then and keeps a
        hundred megabytes from the disk; the plan and the seed determine every line of them.
        """
        timings = hashlib.sha256(self.workspace.path(TIMINGS).read_bytes()).hexdigest()
        key = key_of(dump_script(self.script), timings, self.options.of_pictures(), self.source)
        plan = self.workspace.path(PANELS)
        if not self.workspace.has("panels", key):
            self.progress("panels", 0.0)
            shots = tuple(plan_shots(narration, self.script, self.options.seed))
            plan.write_bytes(_SHOTS.dump_json(shots))
            self.progress("panels", 0.5)
            save_thumbnail(self.painter(self.view.scale), self.view, shots[0], self.workspace.path(THUMBNAIL))
            self.progress("panels", 1.0)
            self.workspace.keep("panels", key, PANELS, THUMBNAIL)
        return _SHOTS.validate_json(plan.read_bytes())

    def painter(self, scale: float) -> Painter:
        """Return what draws the film's panels, with `scale` pixels per unit of the frame."""
        looks = cast_looks(self.script.cast, self.options.seed)
        others = [member for member in self.script.cast if not member.narrates]
        names = {member.id: (member.name or member.role).capitalize() for member in others}
        card = Card(
            self.options.source or place_of_post(self.source), self.options.handle, question_of(self.script)
        )
        high = self.options.caption_position == "top" and self.options.captions != "off"
        top = BELOW_HIGH_CAPTIONS if high else TEXT_TOP
        return Painter(looks, scale, self.options.seed, card, names, top, self.view.side)

    @property
    def view(self) -> View:
        """What the camera sees, and the size of the video."""
        view = VIEWS[self.options.format]
        return view.small() if self.options.preview else view

    def _render(self, narration: Narration, shots: Sequence[Shot], target: Path) -> None:
        """Draw and encode all frames, and add the sound."""
        view, options = self.view, self.options
        words = [word for u in narration.utterances for word in u.words] if options.captions != "off" else []
        y = HIGH_CAPTION_Y if options.caption_position == "top" else CAPTION_Y
        captions = Captions(group(words, [shot.start for shot in shots]), view, options.captions, y)
        leave_processors_to_the_encoder()
        silent, whole = target.with_suffix(".silent.mp4"), target.with_suffix(".part.mp4")
        self.progress("render", 0.0)
        try:
            with FrameWriter(silent, *view.size, fast=options.preview) as writer:
                panels = _painted(self.painter(view.scale), shots)
                seconds, report = narration.seconds, self.progress
                render(shots, panels, captions, seconds, writer, view, lambda part: report("render", part))
            mux(silent, self.workspace.path(SOUND), whole, (("title", self.script.title),))
            # What ffmpeg leaves on a full disk must not look like a video, nor replace an earlier one.
            whole.replace(target)
        finally:
            silent.unlink(missing_ok=True)
            whole.unlink(missing_ok=True)


def _painted(painter: Painter, shots: Sequence[Shot]) -> Iterator[Panel]:
    """Draw the panel of each shot while the frames of the one before are made: few are kept in memory."""
    with ThreadPoolExecutor(1, "panels") as beside:
        coming = beside.submit(painter.paint, shots[0])
        for shot in shots[1:]:
            panel = coming.result()
            coming = beside.submit(painter.paint, shot)
            yield panel
        yield coming.result()
