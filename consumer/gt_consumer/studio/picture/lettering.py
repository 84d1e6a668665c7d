"""Draws text in a panel and keeps where it is, so that it can be checked against the safe area."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gt_consumer.studio.picture.brush import INK, colour
from gt_consumer.studio.picture.fonts import bubble_typeface, in_font, title_typeface

if TYPE_CHECKING:
    import skia

Box = tuple[float, float, float, float]
_SPACING = 1.16
_LEAST = 24


@dataclass
class Letters:
    """The text of one panel.

    Parameters:
        boxes: left, top, right and bottom of every line that was drawn, in units of the frame
    """

    canvas: skia.Canvas
    boxes: list[Box] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Keep what turns units of the frame into pixels."""
        self._frame = self.canvas.getTotalMatrix()

    def line(
        self, text: str, middle: float, base: float, size: float, width: float, *, fill: str = INK
    ) -> None:
        """Draw one line, smaller if it is wider than `width`."""
        import skia

        face = bubble_typeface()
        text = known(text, face)
        font = skia.Font(face, size)
        wide = font.measureText(text)
        if wide > width:
            font = skia.Font(face, max(_LEAST, size * width / wide))
        self.put(text, middle, base, font, skia.Paint(AntiAlias=True, Color=colour(fill)))

    def put(self, text: str, middle: float, base: float, font: skia.Font, paint: skia.Paint) -> None:
        """Draw a line around a middle."""
        import skia

        wide = font.measureText(text)
        left = middle - wide / 2
        bounds = skia.Rect()
        font.measureText(text, skia.TextEncoding.kUTF8, bounds)
        self.canvas.drawString(text, left, base, font, paint)
        self.note((left + bounds.left(), base + bounds.top(), left + bounds.right(), base + bounds.bottom()))

    def note(self, box: Box) -> None:
        """Keep where a line is, also one that the canvas turns."""
        import skia

        matrix = self.canvas.getTotalMatrix()
        to_frame = skia.Matrix()
        if not self._frame.invert(to_frame):
            return
        rect = to_frame.mapRect(matrix.mapRect(skia.Rect.MakeLTRB(*box)))
        self.boxes.append((rect.left(), rect.top(), rect.right(), rect.bottom()))

    def measure(self, text: str, size: float, width: float, height: float) -> tuple[float, float]:
        """Return width and height of a block of text."""
        font, lines = fit(known(text, bubble_typeface()), bubble_typeface(), _sizes(size), width, height)
        return max(font.measureText(line) for line in lines), len(lines) * font.getSize() * _SPACING

    def block(
        self,
        text: str,
        middle: float,
        top: float,
        size: float,
        width: float,
        height: float,
        *,
        fill: str = INK,
        title: bool = False,
    ) -> None:
        """Draw a block of text, as large as `size` if it fits."""
        import skia

        face = title_typeface() if title else bubble_typeface()
        font, lines = fit(known(text, face), face, _sizes(size), width, height)
        paint = skia.Paint(AntiAlias=True, Color=colour(fill))
        base = top + font.getSize() * 0.92
        for line in lines:
            self.put(line, middle, base, font, paint)
            base += font.getSize() * _SPACING


def _sizes(largest: float) -> tuple[float, ...]:
    return tuple(largest * 0.9**n for n in range(9))


def known(text: str, face: skia.Typeface) -> str:
    """Return a text in the letters that a font has; never empty."""
    return in_font(text, face).strip() or "…"


def fit(
    text: str,
    face: skia.Typeface,
    sizes: tuple[float, ...],
    width: float,
    height: float,
    spacing: float = _SPACING,
) -> tuple[skia.Font, list[str]]:
    """Return the largest font of some sizes in which a text fits, and its lines."""
    import skia

    for size in sizes:
        font = skia.Font(face, size)
        lines = wrap(text, font, width)
        if len(lines) * size * spacing <= height and max(font.measureText(line) for line in lines) <= width:
            break
    return font, lines


def wrap(text: str, font: skia.Font, width: float) -> list[str]:
    """Break a text into as few lines as fit `width`, as even in length as the words allow."""
    lines = _fill(text, font, width)
    for share in range(50, 100, 2):
        narrower = _fill(text, font, width * share / 100)
        if len(narrower) == len(lines):
            return narrower
    return lines


def _fill(text: str, font: skia.Font, width: float) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        for piece in _pieces(word, font, width):
            if lines and font.measureText(f"{lines[-1]} {piece}") <= width:
                lines[-1] += f" {piece}"
            else:
                lines.append(piece)
    return lines or [text]


def _pieces(word: str, font: skia.Font, width: float) -> list[str]:
    """Return a word, in pieces if it alone is wider than a line."""
    if font.measureText(word) <= width or len(word) < 4:
        return [word]
    half = len(word) // 2
    return [*_pieces(word[:half] + "-", font, width), *_pieces(word[half:], font, width)]
