"""Ink and colour: short methods for what the panels draw with skia."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import skia

INK = "#150d24"
Point = tuple[float, float]


@dataclass(frozen=True)
class Palette:
    """Colours of an act: light and shadow of the wall, floor, two accents, light from outside."""

    wall: str
    wall_low: str
    floor: str
    accent: str
    second: str
    glow: str


PALETTES = {
    "hook": Palette("#cfe6ea", "#f3ead7", "#6db6cf", "#f0925a", "#f6d06a", "#fff3c4"),
    "build": Palette("#f4e3c8", "#fbf3e2", "#d59a6a", "#4f9ca6", "#e8735a", "#fff8dc"),
    "crisis": Palette("#5b3b7a", "#8b5a94", "#33224f", "#e0647e", "#f0a860", "#ffd9a0"),
    "climax": Palette("#8c2f4b", "#d8643f", "#4a1d3a", "#ffb03b", "#ffe08a", "#ffd070"),
    "resolution": Palette("#bfe3d0", "#fdeede", "#8fb98a", "#f08a8a", "#f7c873", "#fffbe0"),
}


def colour(text: str, alpha: float = 1.0) -> int:
    """Convert `#rrggbb` to skia's ARGB number; `alpha` is 0 to 1."""
    return int(text[1:], 16) | int(alpha * 255) << 24


def outline(width: float) -> skia.Paint:
    """Return the paint of an ink line, `width` units thick."""
    import skia

    return skia.Paint(
        AntiAlias=True,
        Color=colour(INK),
        Style=skia.Paint.kStroke_Style,
        StrokeWidth=width,
        StrokeJoin=skia.Paint.kRound_Join,
        StrokeCap=skia.Paint.kRound_Cap,
    )


class Brush:
    """Draws outlined shapes on a canvas and holds the picture's random numbers.

    Parameters:
        canvas: what is drawn on
        palette: colours of the act
        seed: of the random numbers; the same seed draws the same picture
    """

    def __init__(self, canvas: skia.Canvas, palette: Palette, seed: str) -> None:
        self.canvas, self.palette = canvas, palette
        self.random = random.Random(seed)  # noqa: S311 - draws pictures, guards nothing

    def _paint(self, fill: str, alpha: float) -> skia.Paint:
        import skia

        return skia.Paint(AntiAlias=True, Color=colour(fill, alpha))

    def box(
        self,
        x: float,
        y: float,
        w: float,
        h: float,
        fill: str,
        *,
        ink: float = 6,
        round_: float = 0,
        alpha: float = 1,
    ) -> None:
        """Draw a rectangle with an outline `ink` units thick."""
        import skia

        shape = skia.RRect.MakeRectXY(skia.Rect.MakeXYWH(x, y, w, h), round_, round_)
        self.canvas.drawRRect(shape, self._paint(fill, alpha))
        if ink:
            self.canvas.drawRRect(shape, outline(ink))

    def disc(self, x: float, y: float, r: float, fill: str, *, ink: float = 6, alpha: float = 1) -> None:
        """Draw a circle."""
        self.canvas.drawCircle(x, y, r, self._paint(fill, alpha))
        if ink:
            self.canvas.drawCircle(x, y, r, outline(ink))

    def shape(self, points: Sequence[Point], fill: str, *, ink: float = 6, alpha: float = 1) -> None:
        """Draw a polygon."""
        import skia

        path = skia.Path()
        path.addPoly([skia.Point(*p) for p in points], True)
        self.canvas.drawPath(path, self._paint(fill, alpha))
        if ink:
            self.canvas.drawPath(path, outline(ink))

    def line(self, points: Sequence[Point], width: float = 6, fill: str = INK, alpha: float = 1) -> None:
        """Draw a line through points."""
        import skia

        path = skia.Path()
        path.addPoly([skia.Point(*p) for p in points], False)
        paint = outline(width)
        paint.setColor(colour(fill, alpha))
        self.canvas.drawPath(path, paint)

    def fade(
        self,
        x: float,
        y: float,
        w: float,
        h: float,
        top: str,
        bottom: str,
        *,
        alpha: tuple[float, float] = (1, 1),
    ) -> None:
        """Fill a rectangle with a gradient from its top to its bottom."""
        import skia

        paint = skia.Paint(AntiAlias=True)
        paint.setShader(
            skia.GradientShader.MakeLinear(
                [skia.Point(0, y), skia.Point(0, y + h)], [colour(top, alpha[0]), colour(bottom, alpha[1])]
            )
        )
        self.canvas.drawRect(skia.Rect.MakeXYWH(x, y, w, h), paint)

    def halo(self, x: float, y: float, r: float, fill: str, alpha: float) -> None:
        """Draw a soft light around a point."""
        import skia

        paint = skia.Paint(AntiAlias=True)
        paint.setShader(
            skia.GradientShader.MakeRadial(skia.Point(x, y), r, [colour(fill, alpha), colour(fill, 0)])
        )
        self.canvas.drawCircle(x, y, r, paint)

    def halftone(
        self, x: float, y: float, w: float, h: float, fill: str, alpha: float, *, grow_down: bool = True
    ) -> None:
        """Fill a rectangle with the dots of cheap print, which grow towards one side."""
        import skia

        paint = self._paint(fill, alpha)
        step = 22
        path = skia.Path()
        for row in range(int(h // step) + 1):
            size = (row * step / h if grow_down else 1 - row * step / h) * step * 0.42
            if size < 1:
                continue
            for column in range(int(w // step) + 1):
                path.addCircle(x + column * step + (row % 2) * step / 2, y + row * step, size)
        self.canvas.drawPath(path, paint)
