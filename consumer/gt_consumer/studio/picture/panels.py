"""Draws a shot: place, people and bubble, and the small patches that make eyes blink and mouths move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gt_consumer.studio.picture.backgrounds import PLACES
from gt_consumer.studio.picture.brush import PALETTES, Brush, colour
from gt_consumer.studio.picture.bubbles import draw_bubble, draw_effect, draw_title
from gt_consumer.studio.picture.camera import Planes, to_planes
from gt_consumer.studio.picture.cast import EYES_BOX, MOUTH_BOX, Look
from gt_consumer.studio.picture.figures import Box, Pose, draw_figure, rim
from gt_consumer.studio.picture.layout import CHIN_Y, MARGIN_X, MARGIN_Y, PANEL_HEIGHT, PANEL_WIDTH
from gt_consumer.studio.picture.shots import Shot

if TYPE_CHECKING:
    import numpy as np
    import skia
    from numpy.typing import NDArray

_SIZES = {"title": 0.68, "single": 0.92, "close": 1.16, "wide": 0.74, "two": 0.68}
_BESIDE_BUBBLE = 0.9  # leaves room for what is said
_RIM = 13


@dataclass(frozen=True)
class Patch:
    """A part of a panel in another state, with its upper left corner at even pixels."""

    left: int
    top: int
    planes: Planes


@dataclass(frozen=True)
class Panel:
    """A drawn shot, ready for the camera, with patches for the open mouth and the closed eyes."""

    planes: Planes
    talking: Patch | None
    blinking: tuple[Patch, ...]


def poses(shot: Shot) -> list[tuple[str, Pose]]:
    """Return the people of a shot with their poses; the first is its subject."""
    size = _SIZES[shot.framing] * (_BESIDE_BUBBLE if shot.bubble else 1)
    if shot.framing == "two" and shot.other:
        return [
            (shot.subject, Pose(300, CHIN_Y, size)),
            (shot.other, Pose(780, CHIN_Y + 0, size, mirrored=True)),
        ]
    mirrored = int(shot.start * 10) % 2 == 1
    shift = {"wide": 150, "single": 40}.get(shot.framing, 0)
    return [(shot.subject, Pose(540 + (shift if mirrored else -shift), CHIN_Y, size, mirrored=mirrored))]


@dataclass
class Painter:
    """Draws the panels of one video.

    Parameters:
        looks: the look of each person
        scale: pixels per unit of the frame
        seed: of the places, so that a room stays the same
    """

    looks: Mapping[str, Look]
    scale: float
    seed: int
    _places: dict[tuple[str, str], skia.Image] = field(default_factory=dict)

    def paint(self, shot: Shot) -> Panel:
        """Draw a shot."""
        surface, canvas = self._surface()
        canvas.save()
        canvas.resetMatrix()
        canvas.drawImage(self._place(shot.place, shot.act), 0, 0)
        canvas.restore()
        standing = poses(shot)
        top = float(CHIN_Y)
        for key, pose in reversed(standing):
            top = min(top, self._figure(canvas, shot, key, pose))
        self._letters(canvas, shot, standing[0][1], top)
        rgb = self._pixels(surface)[..., :3]
        moods = [shot.mood if key == shot.subject else "neutral" for key, _ in standing]
        patches = [
            self._patch(rgb, key, mood, pose, EYES_BOX, blink=True)
            for (key, pose), mood in zip(standing, moods, strict=True)
        ]
        talking = None
        if shot.speech:
            talking = self._patch(rgb, standing[0][0], moods[0], standing[0][1], MOUTH_BOX, talking=True)
        return Panel(to_planes(rgb), talking, tuple(patches))

    def _surface(self) -> tuple[skia.Surface, skia.Canvas]:
        import skia

        width, height = (round(n * self.scale / 2) * 2 for n in (PANEL_WIDTH, PANEL_HEIGHT))
        surface = skia.Surface.MakeRaster(
            skia.ImageInfo.Make(width, height, skia.kRGBA_8888_ColorType, skia.kPremul_AlphaType)
        )
        canvas = surface.getCanvas()
        canvas.scale(self.scale, self.scale)
        canvas.translate(MARGIN_X, MARGIN_Y)
        return surface, canvas

    @staticmethod
    def _pixels(surface: skia.Surface) -> NDArray[np.uint8]:
        import skia

        pixels: NDArray[np.uint8] = surface.toarray(colorType=skia.kRGBA_8888_ColorType)
        return pixels

    def _place(self, place: str, act: str) -> skia.Image:
        """Return the picture of a place, drawn once for each act."""
        import skia

        if (place, act) not in self._places:
            surface, canvas = self._surface()
            PLACES[place](Brush(canvas, PALETTES[act], f"{self.seed}/{place}"))
            edge = skia.Paint(AntiAlias=True)
            edge.setShader(
                skia.GradientShader.MakeRadial(
                    skia.Point(540, 860), 1350, [colour("#150828", 0.0), colour("#150828", 0.5)], [0.5, 1.0]
                )
            )
            canvas.drawPaint(edge)
            self._places[place, act] = surface.makeImageSnapshot()
        return self._places[place, act]

    def _figure(self, canvas: skia.Canvas, shot: Shot, key: str, pose: Pose) -> float:
        """Draw a person with rim and shadow. Return the y of the top of the hair."""
        import skia

        layer, ink = self._surface()
        subject = key == shot.subject
        draw_figure(
            ink,
            self.looks[key],
            shot.mood if subject else "neutral",
            pose,
            closed=subject and bool(shot.speech),
        )
        alpha = self._pixels(layer)[..., 3]
        outline = rim(alpha, round(_RIM * self.scale))
        mask = skia.Image.fromarray(outline, colorType=skia.kAlpha_8_ColorType)
        canvas.save()
        canvas.resetMatrix()
        offset = 16 * self.scale
        canvas.drawImage(
            mask, offset, offset, skia.SamplingOptions(), skia.Paint(Color=colour("#150828", 0.3))
        )
        canvas.drawImage(mask, 0, 0, skia.SamplingOptions(), skia.Paint(Color=0xFFFFFFFF))
        canvas.drawImage(layer.makeImageSnapshot(), 0, 0)
        canvas.restore()
        rows = alpha.max(axis=1).argmax()
        return float(rows) / self.scale - MARGIN_Y

    def _letters(self, canvas: skia.Canvas, shot: Shot, pose: Pose, top: float) -> None:
        if shot.title:
            draw_title(canvas, shot.title, top - 20)
        elif shot.bubble:
            side = -1 if pose.mirrored else 1
            draw_bubble(
                canvas,
                shot.bubble,
                (pose.x + side * 60, top + 10),
                top + 30,
                loud=shot.loud,
                seed=f"{self.seed}/{shot.start}",
            )
        elif shot.effect:
            left, _, right, _ = pose.face
            x = left - 150 if pose.mirrored else right + 150
            draw_effect(canvas, shot.effect, min(max(x, 230), 850), top + 60)

    def _patch(
        self,
        rgb: NDArray[np.uint8],
        key: str,
        mood: str,
        pose: Pose,
        box: Box,
        *,
        talking: bool = False,
        blink: bool = False,
    ) -> Patch:
        """Draw a part of a face in another state, on top of the finished panel."""
        import numpy as np
        import skia

        left, top, right, bottom = pose.box(*box)
        layer, canvas = self._surface()
        canvas.clipRect(skia.Rect.MakeLTRB(left, top, right, bottom))
        draw_figure(canvas, self.looks[key], mood, pose, talking=talking, blink=blink)
        x0, x1 = (int((x + MARGIN_X) * self.scale) // 2 * 2 for x in (left, right))
        y0, y1 = (int((y + MARGIN_Y) * self.scale) // 2 * 2 for y in (top, bottom))
        x0, y0 = max(0, x0), max(0, y0)
        x1, y1 = min(x1, rgb.shape[1]), min(y1, rgb.shape[0])
        drawn = self._pixels(layer)[y0:y1, x0:x1]
        opaque = drawn[..., 3:] == 255
        return Patch(x0, y0, to_planes(np.where(opaque, drawn[..., :3], rgb[y0:y1, x0:x1])))
