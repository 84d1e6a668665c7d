"""Draws a shot: place, people and bubble, and the small patches that make eyes blink and mouths move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gt_consumer.studio.picture.brush import PALETTES, Brush, colour
from gt_consumer.studio.picture.bubbles import draw_bubble, draw_effect, draw_end, draw_title
from gt_consumer.studio.picture.camera import Planes, to_planes
from gt_consumer.studio.picture.cast import EYES_BOX, MOUTH_BOX, Look
from gt_consumer.studio.picture.figures import Box, Pose, draw_back, draw_figure, rim, tinted
from gt_consumer.studio.picture.inserts import draw_hands, draw_thing
from gt_consumer.studio.picture.layout import (
    CHIN_Y,
    FOCUS_Y,
    MARGIN_X,
    MARGIN_Y,
    PANEL_HEIGHT,
    PANEL_WIDTH,
    TEXT_TOP,
    WIDTH,
)
from gt_consumer.studio.picture.lettering import Letters
from gt_consumer.studio.picture.places import draw_place
from gt_consumer.studio.picture.poses import back_of, poses
from gt_consumer.studio.picture.shots import Shot

if TYPE_CHECKING:
    import numpy as np
    import skia
    from numpy.typing import NDArray

_RIM = 13
_PLACES_KEPT = 2  # of 10 MB each
_NEARER = {"close": 1.5, "over": 1.22, "two": 1.12, "insert": 1.7, "hands": 1.5}
"""How much nearer the place is in a shot; enlarged it is also softer, as behind a face in focus."""


@dataclass(frozen=True)
class Patch:
    """A part of a panel in another state, with its upper left corner at even pixels."""

    left: int
    top: int
    planes: Planes


@dataclass(frozen=True)
class Panel:
    """A drawn shot, ready for the camera, with patches for the open mouth and the closed eyes.

    Parameters:
        texts: where its lines of text are, in units of the frame
    """

    planes: Planes
    talking: Patch | None
    blinking: tuple[Patch, ...]
    texts: tuple[Box, ...] = ()


@dataclass(frozen=True)
class Card:
    """What the end card says: source of the story, handle of the channel (empty for none), and a question."""

    source: str = ""
    handle: str = ""
    question: str = "Who was right?"


@dataclass
class Painter:
    """Draws the panels of one video.

    Parameters:
        looks: the look of each person
        scale: pixels per unit of the frame
        seed: of the places, so that a room stays the same
        names: what stands above the messages of each person
        text_top: where bubbles may begin, in units of the frame
        side: how much further than upright ones panels reach at both sides, in units of the frame
    """

    looks: Mapping[str, Look]
    scale: float
    seed: int
    card: Card = Card()
    names: Mapping[str, str] = field(default_factory=dict)
    text_top: float = TEXT_TOP
    side: float = 0.0
    _places: dict[tuple[str, str], NDArray[np.uint8]] = field(default_factory=dict)

    def paint(self, shot: Shot) -> Panel:
        """Draw a shot."""
        import cv2

        surface, letters = self._drawn(shot)
        standing = poses(shot, self.looks)
        rgb = cv2.cvtColor(self._pixels(surface), cv2.COLOR_RGBA2RGB).astype("uint8", copy=False)
        patches = () if shot.framing == "over" else standing
        blinking = tuple(
            self._patch(rgb, key, _mood(shot, key), pose, EYES_BOX, blink=True) for key, pose in patches
        )
        talking = None
        if shot.speech and standing:
            talking = self._patch(rgb, shot.subject, shot.mood, standing[0][1], MOUTH_BOX, talking=True)
        return Panel(to_planes(rgb, edged=True), talking, blinking, tuple(letters.boxes))

    def picture(self, shot: Shot) -> skia.Image:
        """Draw a shot as a picture."""
        return self._drawn(shot)[0].makeImageSnapshot()

    def _drawn(self, shot: Shot) -> tuple[skia.Surface, Letters]:
        surface, canvas = self._surface()
        self._behind(canvas, shot)
        letters = Letters(canvas)
        standing = poses(shot, self.looks)
        top = float(CHIN_Y)
        for key, pose in reversed(standing):
            top = min(top, self._figure(canvas, key, _mood(shot, key), pose, closed=_speaks(shot, key)))
        if standing and (back := back_of(shot, standing[0][1])) and shot.other:
            self._back(canvas, shot.other, back)
        self._things(canvas, shot, letters)
        self._letters(letters, shot, standing[0][1] if standing else None, top)
        return surface, letters

    def _behind(self, canvas: skia.Canvas, shot: Shot) -> None:
        """Draw the place, nearer in near shots; OpenCV enlarges it in a tenth of skia's time."""
        import cv2
        import numpy as np

        place = self._place(shot.place, shot.act)
        nearer = _NEARER.get(shot.framing, 1.0)
        if nearer != 1:
            middle = (WIDTH / 2 + MARGIN_X + self.side, FOCUS_Y + MARGIN_Y)
            # From the middle of each pixel to that which it shows.
            left, top = ((0.5 - m * self.scale * (1 - nearer)) / nearer - 0.5 for m in middle)
            place = cv2.warpAffine(
                place,
                np.array([[1 / nearer, 0, left], [0, 1 / nearer, top]]),
                (place.shape[1], place.shape[0]),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE,
            ).astype("uint8", copy=False)
        self._copy(canvas, place)

    @staticmethod
    def _copy(canvas: skia.Canvas, pixels: NDArray[np.uint8]) -> None:
        """Fill a canvas with a picture of its size."""
        import skia

        canvas.save()
        canvas.resetMatrix()
        image = skia.Image.fromarray(pixels, skia.kRGBA_8888_ColorType, skia.kPremul_AlphaType)
        canvas.drawImage(image, 0, 0, skia.SamplingOptions(), skia.Paint(BlendMode=skia.BlendMode.kSrc))
        canvas.restore()

    def _surface(
        self, left: int = 0, top: int = 0, right: int | None = None, bottom: int | None = None
    ) -> tuple[skia.Surface, skia.Canvas]:
        """Make a surface to draw on in units of the frame: of a panel, or of a part of it in pixels."""
        import skia

        width, height = (round(n * self.scale / 2) * 2 for n in (PANEL_WIDTH + 2 * self.side, PANEL_HEIGHT))
        size = (width if right is None else right) - left, (height if bottom is None else bottom) - top
        surface = skia.Surface.MakeRaster(
            skia.ImageInfo.Make(*size, skia.kRGBA_8888_ColorType, skia.kPremul_AlphaType)
        )
        canvas = surface.getCanvas()
        canvas.translate(-left, -top)
        canvas.scale(self.scale, self.scale)
        canvas.translate(MARGIN_X + self.side, MARGIN_Y)
        return surface, canvas

    @staticmethod
    def _pixels(surface: skia.Surface) -> NDArray[np.uint8]:
        import skia

        pixels: NDArray[np.uint8] = surface.toarray(
            colorType=skia.kRGBA_8888_ColorType, alphaType=skia.kPremul_AlphaType
        )
        return pixels

    def _place(self, place: str, act: str) -> NDArray[np.uint8]:
        """Return the picture of a place; those drawn last are kept."""
        import skia

        if (place, act) not in self._places:
            surface, canvas = self._surface()
            draw_place(place, Brush(canvas, PALETTES[act], f"{self.seed}/{place}"))
            self._widen(surface, canvas)
            edge = skia.Paint(AntiAlias=True)
            edge.setShader(
                skia.GradientShader.MakeRadial(
                    skia.Point(540, 860), 1350, [colour("#150828", 0.0), colour("#150828", 0.5)], [0.5, 1.0]
                )
            )
            canvas.drawPaint(edge)
            if len(self._places) >= _PLACES_KEPT:
                del self._places[next(iter(self._places))]
            self._places[place, act] = self._pixels(surface)
        return self._places[place, act]

    def _widen(self, surface: skia.Surface, canvas: skia.Canvas) -> None:
        """Continue a place at both sides of an upright panel, as in a mirror."""
        import cv2

        reach = round(self.side * self.scale)
        if not reach:
            return
        inner = self._pixels(surface)[:, reach:-reach]
        wide = cv2.copyMakeBorder(inner, 0, 0, reach, reach, cv2.BORDER_REFLECT)
        self._copy(canvas, wide.astype("uint8", copy=False))

    def _figure(self, canvas: skia.Canvas, key: str, mood: str, pose: Pose, *, closed: bool) -> float:
        """Draw a person with rim and shadow. Return the y of the top of the hair."""
        layer, ink = self._surface()
        draw_figure(ink, self.looks[key], mood, pose, closed=closed)
        return self._cut_out(canvas, layer)

    def _back(self, canvas: skia.Canvas, key: str, pose: Pose) -> None:
        """Draw a person from behind, in front of everything else."""
        layer, ink = self._surface()
        draw_back(ink, self.looks[key], pose)
        self._cut_out(canvas, layer)

    def _cut_out(self, canvas: skia.Canvas, layer: skia.Surface) -> float:
        """Draw a layer with the white rim and the shadow of a cut-out. Return the y of its top."""
        pixels = self._pixels(layer)
        width = round(_RIM * self.scale)
        left, top, right, bottom = _reach(pixels[..., 3], 2 * width)
        outline = rim(pixels[top:bottom, left:right, 3], width)
        canvas.save()
        canvas.resetMatrix()
        canvas.translate(left, top)
        offset = 16 * self.scale
        canvas.drawImage(tinted(outline, "#150828", 0.3), offset, offset)
        canvas.drawImage(tinted(outline, "#ffffff", 1.0), 0, 0)
        canvas.translate(-left, -top)
        canvas.drawImage(layer.makeImageSnapshot(), 0, 0)
        canvas.restore()
        rows = pixels[..., 3].max(axis=1).argmax()
        return float(rows) / self.scale - MARGIN_Y

    def _things(self, canvas: skia.Canvas, shot: Shot, letters: Letters) -> None:
        """Draw the thing that a shot shows, large, or in hands."""
        if shot.thing is None:
            return
        brush = Brush(canvas, PALETTES[shot.act], f"{self.seed}/{shot.start}")
        if shot.framing == "hands":
            taker = self.looks[shot.other] if shot.other else None
            draw_hands(brush, self.looks[shot.subject], taker, shot.thing)
        else:
            draw_thing(shot.thing, brush, letters, shot.note, self.names.get(shot.subject, ""))

    def _letters(self, letters: Letters, shot: Shot, pose: Pose | None, top: float) -> None:
        if shot.framing == "end":
            card = self.card
            draw_end(letters, card.source, card.handle, card.question, self.text_top + 60)
        elif pose is None:
            return
        elif shot.title:
            draw_title(letters, shot.title, self.text_top - 20, top - 20)
        elif shot.bubble:
            side = -1 if pose.mirrored else 1
            draw_bubble(
                letters,
                shot.bubble,
                (pose.x + side * 60, top + 10),
                self.text_top + 30,
                max(top, self.text_top + 200) + 30,
                loud=shot.loud,
                seed=f"{self.seed}/{shot.start}",
            )
        elif shot.effect:
            left, _, right, _ = pose.face
            draw_effect(
                letters, shot.effect, left - 150 if pose.mirrored else right + 150, max(top, 380) + 60
            )

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
        x0, x1 = (int((x + MARGIN_X + self.side) * self.scale) // 2 * 2 for x in (left, right))
        y0, y1 = (int((y + MARGIN_Y) * self.scale) // 2 * 2 for y in (top, bottom))
        x0, y0 = max(0, x0), max(0, y0)
        x1, y1 = min(x1, rgb.shape[1]), min(y1, rgb.shape[0])
        layer, canvas = self._surface(x0, y0, x1, y1)
        canvas.clipRect(skia.Rect.MakeLTRB(left, top, right, bottom))
        draw_figure(canvas, self.looks[key], mood, pose, talking=talking, blink=blink)
        drawn = self._pixels(layer)
        opaque = drawn[..., 3:] == 255
        return Patch(x0, y0, to_planes(np.where(opaque, drawn[..., :3], rgb[y0:y1, x0:x1])))


def _mood(shot: Shot, key: str) -> str:
    return shot.mood if key == shot.subject else shot.other_mood


def _speaks(shot: Shot, key: str) -> bool:
    return key == shot.subject and bool(shot.speech)


def _reach(alpha: NDArray[np.uint8], around: int) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of what is drawn, with so many pixels around, at even pixels."""
    import cv2

    left, top, width, height = cv2.boundingRect(alpha)
    begins = (max(0, at - around) // 2 * 2 for at in (left, top))
    sizes = (alpha.shape[1], alpha.shape[0])
    ends = (
        min(end, (at + around + 1) // 2 * 2)
        for end, at in zip(sizes, (left + width, top + height), strict=True)
    )
    return (*begins, *ends)
