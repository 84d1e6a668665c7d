"""Draws a person: a Lorelei head on drawn shoulders, with shading and the white rim of a cut-out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gt_consumer.studio.picture.brush import colour, outline
from gt_consumer.studio.picture.cast import CHIN, FACE_LEFT, FACE_RIGHT, FACE_TOP, UNITS, Look, head
from gt_consumer.studio.picture.layout import PANEL_HEIGHT

if TYPE_CHECKING:
    import numpy as np
    import skia
    from numpy.typing import NDArray

Box = tuple[float, float, float, float]
_EXTENT = (-120, 0, 1040, 3400)  # nothing of a figure is drawn outside


@dataclass(frozen=True)
class Pose:
    """Position and size of a figure.

    Parameters:
        x: middle of the face, in units of the frame
        chin_y: y of the chin, in units of the frame
        size: units of the frame per unit of the figure's picture
        mirrored: whether it looks to the left
    """

    x: float
    chin_y: float
    size: float
    mirrored: bool = False

    def box(self, left: float, top: float, right: float, bottom: float) -> Box:
        """Convert a box of the figure's picture to one of the frame."""
        middle = (FACE_LEFT + FACE_RIGHT) / 2
        xs = [self.x + (-1 if self.mirrored else 1) * (x - middle) * self.size for x in (left, right)]
        ys = [self.chin_y + (y - CHIN) * self.size for y in (top, bottom)]
        return min(xs), ys[0], max(xs), ys[1]

    @property
    def face(self) -> Box:
        """Return left, top, right and bottom of the face."""
        return self.box(FACE_LEFT, FACE_TOP, FACE_RIGHT, CHIN)


def place(canvas: skia.Canvas, pose: Pose) -> None:
    """Transform the canvas so that the figure's picture is drawn at the pose."""
    canvas.translate(pose.x, pose.chin_y)
    canvas.scale(-pose.size if pose.mirrored else pose.size, pose.size)
    canvas.translate(-(FACE_LEFT + FACE_RIGHT) / 2, -CHIN)


def draw_figure(
    canvas: skia.Canvas,
    look: Look,
    mood: str,
    pose: Pose,
    *,
    talking: bool = False,
    closed: bool = False,
    blink: bool = False,
) -> None:
    """Draw a figure on a transparent layer and shade everything on that layer."""
    canvas.save()
    place(canvas, pose)
    _torso(canvas, look)
    head(look, mood, talking=talking, closed=closed, blink=blink).render(canvas)
    _collar(canvas, look)
    if look.age == "old":
        _wrinkles(canvas)
    _sign(canvas, mood)
    canvas.restore()
    _shade(canvas, pose)


def draw_back(canvas: skia.Canvas, look: Look, pose: Pose) -> None:
    """Draw a figure from behind, as one looks over its shoulder."""
    canvas.save()
    place(canvas, pose)
    _inked(canvas, _path(_BACK_OF_BODY), look.clothes)
    _inked(canvas, _path("M 380 660 L 380 900 C 430 950 520 950 570 900 L 570 660 Z"), look.skin)
    bald = look.hair in _BALD
    _inked(canvas, _path(_BACK_OF_HEAD), look.skin if bald else look.hair_colour)
    if not bald and look.hair not in _SHORT:
        _inked(canvas, _path(_LONG_HAIR), look.hair_colour)
    canvas.restore()
    _shade(canvas, pose)


_BACK_OF_BODY = (
    "M 330 850 C 200 900 60 915 0 1030 C -60 1180 -80 1600 -80 2100 L -80 3380 L 1010 3380 L 1010 2100 "
    "C 1010 1600 990 1160 940 1030 C 880 915 740 900 620 850 C 540 905 410 905 330 850 Z"
)
_BACK_OF_HEAD = (
    "M 475 180 C 300 180 210 310 214 470 C 216 620 280 740 360 790 C 430 825 520 825 590 790 "
    "C 670 740 734 620 736 470 C 740 310 650 180 475 180 Z"
)
_LONG_HAIR = (
    "M 475 178 C 290 178 196 320 204 500 C 208 660 190 800 170 960 C 260 1010 380 1024 475 1020 "
    "C 570 1024 690 1010 780 960 C 760 800 742 660 746 500 C 754 320 660 178 475 178 Z"
)
_BALD = frozenset({25, 34})
_SHORT = frozenset(
    {28, 47, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 20, 22, 27, 36, 38, 39, 43, 44, 45, 46, 26, 14, 33}
)


def _wrinkles(canvas: skia.Canvas) -> None:
    for line in ("M 405 570 C 430 590 470 592 500 580", "M 655 572 C 680 588 705 586 724 574"):
        _inked(canvas, _path(line), None, 5)
    _inked(canvas, _path("M 520 640 C 506 668 506 700 520 724"), None, 5)


def _sign(canvas: skia.Canvas, mood: str) -> None:
    """Draw what comics add to a face: a tear, or a drop of sweat."""
    if mood == "sad":
        _inked(canvas, _path("M 470 575 C 438 640 440 668 470 670 C 500 668 502 640 470 575 Z"), "#8fd4f5", 6)
    elif mood in {"worried", "shock"}:
        _inked(canvas, _path("M 742 330 C 706 402 708 438 742 440 C 776 438 778 402 742 330 Z"), "#8fd4f5", 6)


def _path(commands: str) -> skia.Path:
    """Convert an SVG path of moves, lines and curves in absolute coordinates."""
    import skia

    path = skia.Path()
    for command, numbers in re.findall(r"([MLCZ])([^MLCZ]*)", commands):
        values = [float(n) for n in numbers.split()]
        if command == "M":
            path.moveTo(*values)
        elif command == "L":
            path.lineTo(*values)
        elif command == "C":
            path.cubicTo(*values)
        else:
            path.close()
    return path


def _inked(canvas: skia.Canvas, path: skia.Path, fill: str | None, width: float = 9) -> None:
    import skia

    if fill:
        canvas.drawPath(path, skia.Paint(AntiAlias=True, Color=colour(fill)))
    canvas.drawPath(path, outline(width))


def _torso(canvas: skia.Canvas, look: Look) -> None:
    body = _path(
        "M 285 838 C 190 880 60 905 10 1010 C -40 1120 -70 1500 -80 2100 L -80 3380 "
        "L 980 3380 L 980 2100 C 975 1500 950 1130 905 1020 "
        "C 860 910 730 885 640 838 C 560 930 370 930 285 838 Z"
    )
    _inked(canvas, body, look.clothes)
    if look.pattern != "plain" and not look.suit:
        canvas.save()
        canvas.clipPath(body, True)
        _PATTERNS[look.pattern](canvas)
        canvas.restore()
        _inked(canvas, body, None)
    for arm in (
        "M 96 1900 C 84 1640 92 1300 124 1150",
        "M 826 1900 C 836 1640 828 1300 796 1150",
    ):
        _inked(canvas, _path(arm), None, 7)
    _trousers(canvas)


def _trousers(canvas: skia.Canvas) -> None:
    """Draw what is below the waist, which wide shots show."""
    _inked(
        canvas,
        _path("M -78 1990 L 980 1990 L 980 3380 L 500 3380 L 452 2380 L 404 3380 L -80 3380 Z"),
        _DENIM,
    )
    _inked(canvas, _path("M 452 1990 L 452 2380"), None, 7)


_DENIM = "#39435a"


def _stripes(canvas: skia.Canvas) -> None:
    import skia

    pale = skia.Paint(
        AntiAlias=True, Color=colour("#fff6e6", 0.85), Style=skia.Paint.kStroke_Style, StrokeWidth=44
    )
    for y in range(1040, 2100, 130):
        stripe = skia.Path()
        stripe.moveTo(-120, y + 60)
        stripe.quadTo(460, y + 130, 1020, y + 60)
        canvas.drawPath(stripe, pale)


def _hoodie(canvas: skia.Canvas) -> None:
    _inked(canvas, _path("M 240 1560 L 680 1560 L 760 1850 L 160 1850 Z"), None, 8)
    for x in (372, 552):
        _inked(canvas, _path(f"M {x} 935 C {x - 8} 1010 {x + 10} 1080 {x} 1150"), None, 16)
        _inked(canvas, _path(f"M {x} 935 C {x - 8} 1010 {x + 10} 1080 {x} 1140"), None, 7)


def _cardigan(canvas: skia.Canvas) -> None:
    _inked(
        canvas,
        _path(
            "M 300 840 C 330 1200 350 1700 340 2100 L 585 2100 "
            "C 575 1700 600 1200 630 840 C 560 930 370 930 300 840 Z"
        ),
        "#fbf3e4",
        8,
    )
    for y in (1290, 1520, 1750, 1980):
        _inked(canvas, _path(f"M 626 {y - 11} L 648 {y - 11} L 648 {y + 11} L 626 {y + 11} Z"), "#fbf3e4", 6)


_PATTERNS = {"stripes": _stripes, "hoodie": _hoodie, "cardigan": _cardigan}


def _collar(canvas: skia.Canvas, look: Look) -> None:
    if look.suit:
        _inked(canvas, _path("M 300 850 L 462 1150 L 640 850 C 560 925 380 925 300 850 Z"), "#fbfaf5", 7)
        _inked(
            canvas,
            _path("M 438 925 L 486 925 L 500 1000 L 530 1500 L 462 1560 L 400 1500 L 424 1000 Z"),
            "#b32d3f",
            6,
        )
        _inked(
            canvas, _path("M 296 836 L 250 900 L 320 1080 L 440 1260 L 462 1150 L 320 860 Z"), look.clothes, 7
        )
        _inked(
            canvas, _path("M 636 836 L 690 900 L 610 1080 L 486 1260 L 462 1150 L 612 860 Z"), look.clothes, 7
        )
        return
    _inked(
        canvas,
        _path("M 268 832 C 330 975 600 975 660 832 L 640 826 C 580 930 350 930 288 826 Z"),
        look.clothes,
        7,
    )


def _shade(canvas: skia.Canvas, pose: Pose) -> None:
    """Darken the side away from the light, only where something is drawn."""
    import skia

    left, _, right, _ = pose.box(0, 0, UNITS, UNITS)
    canvas.save()
    canvas.clipRect(skia.Rect.MakeLTRB(*pose.box(*_EXTENT)))
    shadow_ends, light_begins = (left + part * (right - left) for part in (0.42, 0.6))
    between = skia.Rect.MakeLTRB(shadow_ends, -PANEL_HEIGHT, light_begins, PANEL_HEIGHT)
    canvas.clipRect(between, skia.ClipOp.kDifference)  # nothing changes there
    paint = skia.Paint(AntiAlias=True, BlendMode=skia.BlendMode.kSrcATop)
    paint.setShader(
        skia.GradientShader.MakeLinear(
            [skia.Point(left, 0), skia.Point(right, 0)],
            [
                colour("#2a1150", 0.34),
                colour("#2a1150", 0.0),
                colour("#fff0c0", 0.0),
                colour("#fff0c0", 0.16),
            ],
            [0.1, 0.42, 0.6, 1.0],
        )
    )
    canvas.drawPaint(paint)
    canvas.restore()


def rim(alpha: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Widen the outline of a layer for the white rim; done at half size, at a quarter of the cost."""
    import cv2

    small = cv2.resize(alpha, (alpha.shape[1] // 2, alpha.shape[0] // 2), interpolation=cv2.INTER_AREA)
    size = max(1, width // 2) * 2 + 1
    wide = cv2.dilate(small, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    soft = cv2.resize(cv2.GaussianBlur(wide, (3, 3), 0), (alpha.shape[1], alpha.shape[0]))
    return soft.astype("uint8", copy=False)


def tinted(mask: NDArray[np.uint8], code: str, alpha: float) -> skia.Image:
    """Make a picture of one colour where the mask is; skia draws it faster than the mask itself."""
    import cv2
    import numpy as np
    import skia

    red, green, blue = (int(code[n : n + 2], 16) for n in (1, 3, 5))
    levels = np.arange(256) * alpha
    table = np.stack([np.round(levels * c / 255) for c in (red, green, blue, 255)], axis=1).astype(np.uint8)
    pixels = cv2.LUT(cv2.merge([mask] * 4), table[:, None]).astype("uint8", copy=False)
    image: skia.Image = skia.Image.fromarray(pixels, skia.kRGBA_8888_ColorType, skia.kPremul_AlphaType)
    return image
