"""Renders the frames of a video: panel, camera, blinking and talking, captions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gt_consumer.studio.encode import FPS, FrameWriter
from gt_consumer.studio.picture.camera import Camera, Overlay, Planes, blend, brighten, overlay, planes_of
from gt_consumer.studio.picture.captions import Phrase, draw
from gt_consumer.studio.picture.layout import CAPTION_Y
from gt_consumer.studio.picture.panels import Panel, Patch
from gt_consumer.studio.picture.shots import Shot
from gt_consumer.studio.picture.views import View

if TYPE_CHECKING:
    from gt_consumer.studio.picture.camera import Plane

_FLASH_S, _POP_S = 0.12, 0.1
_BLINK_EVERY_S, _BLINK_S = 2.9, 0.13
_SYLLABLE_S, _OPEN_S = 0.21, 0.12


def frame_count(seconds: float) -> int:
    """Return the number of frames that cover `seconds` of sound."""
    return round(seconds * FPS)


class _Face:
    """Applies the patches of a panel and removes them again."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self._patches = [*panel.blinking, *([panel.talking] if panel.talking else [])]
        self._originals = [_cut(panel.planes, p) for p in self._patches]
        self._state = [False] * len(self._patches)

    def set(self, *, blinking: bool, talking: bool) -> None:
        wanted = [blinking] * len(self.panel.blinking) + [talking] * (
            len(self._patches) - len(self.panel.blinking)
        )
        for n, (now, then) in enumerate(zip(wanted, self._state, strict=True)):
            if now != then:
                patch = self._patches[n]
                _paste(self.panel.planes, patch, patch.planes if now else self._originals[n])
                self._state[n] = now


def _cut(planes: Planes, patch: Patch) -> Planes:
    parts = []
    for plane, mine, step in _pairs(planes, patch.planes):
        y, x = patch.top // step, patch.left // step
        parts.append(plane[y : y + mine.shape[0], x : x + mine.shape[1]].copy())
    return Planes(parts[0], parts[1], parts[2])


def _paste(planes: Planes, patch: Patch, content: Planes) -> None:
    for plane, mine, step in _pairs(planes, content):
        y, x = patch.top // step, patch.left // step
        plane[y : y + mine.shape[0], x : x + mine.shape[1]] = mine


def _pairs(a: Planes, b: Planes) -> list[tuple[Plane, Plane, int]]:
    return [(a.y, b.y, 1), (a.u, b.u, 2), (a.v, b.v, 2)]


@dataclass
class Captions:
    """Blends captions into frames; each is drawn once for each active word.

    Parameters:
        y: the middle of a caption, in units of the frame
    """

    phrases: Sequence[Phrase]
    view: View
    style: str = "pop"
    y: float = CAPTION_Y
    _sprites: dict[tuple[int, int], Overlay] = field(default_factory=dict)
    _at: int = 0

    def put(self, frame: Planes, at: float) -> None:
        """Blend in the caption for a time in seconds; the time must not decrease between calls."""
        while self._at + 1 < len(self.phrases) and self.phrases[self._at + 1].start <= at:
            self._at += 1
        phrase = self.phrases[self._at] if self.phrases else None
        if phrase is None or not phrase.start <= at < phrase.end:
            return
        grown = min(1.0, 0.86 + 0.14 * (at - phrase.start) / _POP_S) if self.style == "pop" else 1.0
        sprite = self._sprite(phrase, phrase.active(at), grown)
        height, width = sprite.planes[0].shape
        scale = self.view.scale
        left = int((self.view.middle - self.view.left) * scale - width / 2) // 2 * 2
        top = int((self.y - self.view.top) * scale - height / 2) // 2 * 2
        blend(frame, sprite, left, top)

    def _sprite(self, phrase: Phrase, active: int, grown: float) -> Overlay:
        if grown < 1:
            return overlay(draw(phrase, active, self.view.scale * grown, self.style))
        key = (self._at, active)
        if key not in self._sprites:
            self._sprites.clear()
            self._sprites[key] = overlay(draw(phrase, active, self.view.scale, self.style))
        return self._sprites[key]


def talks(shot: Shot, at: float) -> bool:
    """Whether the subject's mouth is open: within a word, about five times a second."""
    return any(w.start <= at < w.end and (at - w.start) % _SYLLABLE_S < _OPEN_S for w in shot.speech)


def render(
    shots: Sequence[Shot],
    panels: Iterable[Panel],
    captions: Captions,
    seconds: float,
    writer: FrameWriter,
    view: View,
    progress: Callable[[float], None],
) -> None:
    """Write every frame of the video.

    Parameters:
        panels: one for each shot, taken when the shot begins
        seconds: length of the video
        view: what of a panel is seen; panels have as many pixels per unit as the video
        progress: called with the share that is done, 0 to 1

    Raises:
        EncoderError: ffmpeg has ended
    """
    camera = Camera(view, view.scale)
    total = frame_count(seconds)
    coming = iter(panels)
    current, face = 0, _Face(next(coming))
    for n in range(total):
        at = n / FPS
        while current + 1 < len(shots) and shots[current + 1].start <= at:
            current += 1
            face = _Face(next(coming))
        shot = shots[current]
        since = at - shot.start
        face.set(blinking=(at + 1.3) % _BLINK_EVERY_S < _BLINK_S and since > _POP_S, talking=talks(shot, at))
        buffer = writer.blank()
        frame = planes_of(buffer.pixels, *view.size)
        camera.shoot(face.panel.planes, shot.move, since / max(0.1, shot.end - shot.start), since, frame)
        if shot.loud and since < _FLASH_S:
            brighten(frame, 0.75 * (1 - since / _FLASH_S))
        captions.put(frame, at)
        writer.write(buffer)
        if n % 15 == 0:
            progress(n / total)
    progress(1.0)
