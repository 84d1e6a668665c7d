"""Draws speech bubbles, the title card and effects in letters."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

from gt_consumer.studio.picture.brush import INK, colour
from gt_consumer.studio.picture.fonts import bubble_typeface, title_typeface
from gt_consumer.studio.picture.layout import BUBBLE_TOP, TEXT_LEFT, TEXT_RIGHT

if TYPE_CHECKING:
    import skia

MAX_BUBBLE_WORDS = 13


def shorten(text: str) -> str:
    """Shorten a long speech for a bubble: at the end of a sentence, else after some words."""
    words = text.strip().rstrip(",").split()
    if len(words) <= MAX_BUBBLE_WORDS:
        return " ".join(words)
    for n in range(MAX_BUBBLE_WORDS, 3, -1):
        if words[n - 1][-1] in ".!?":
            return " ".join(words[:n])
    return " ".join(words[: MAX_BUBBLE_WORDS - 2]).rstrip(",;:") + "…"


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
        if lines and font.measureText(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _fits(
    text: str, typeface: skia.Typeface, sizes: tuple[int, ...], width: float, height: float, spacing: float
) -> tuple[skia.Font, list[str]]:
    import skia

    for size in sizes:
        font = skia.Font(typeface, size)
        lines = wrap(text, font, width)
        if len(lines) * size * spacing <= height and max(font.measureText(line) for line in lines) <= width:
            break
    return font, lines


def _known(text: str, typeface: skia.Typeface) -> str:
    return "".join(c for c in text if c == " " or typeface.unicharToGlyph(ord(c)))


def draw_bubble(
    canvas: skia.Canvas, text: str, tip: tuple[float, float], bottom: float, *, loud: bool, seed: str
) -> None:
    """Draw a bubble between the top of the safe area and `bottom`, its tail ending at `tip`."""
    import skia

    face = bubble_typeface()
    text = _known(text.upper() if loud else text, face)
    font, lines = _fits(
        text, face, (62, 56, 50, 45, 40, 36), 560 if loud else 640, max(60, bottom - BUBBLE_TOP - 130), 1.16
    )
    size = font.getSize()
    width = max(font.measureText(line) for line in lines) + 90
    height = len(lines) * size * 1.16 + 62
    middle = min(max(540 + (540 - tip[0]) * 0.25, TEXT_LEFT + width / 2 + 20), TEXT_RIGHT - width / 2 - 20)
    top = max(BUBBLE_TOP, bottom - height - 70)
    box = skia.Rect.MakeXYWH(middle - width / 2, top, width, height)
    outline = _spikes(box, seed) if loud else _rounded(box)
    foot = min(max(tip[0], box.left() + 90), box.right() - 90)
    tail = skia.Path()
    tail.moveTo(foot - 30, box.centerY())
    tail.lineTo(foot + 34, box.centerY())
    tail.lineTo(foot + 34, box.bottom() - 10)
    tail.quadTo(foot + 20, box.bottom() + 20, tip[0], min(tip[1], box.bottom() + 120))
    tail.quadTo(foot - 20, box.bottom() + 20, foot - 30, box.bottom() - 10)
    tail.close()
    shape = skia.Op(outline, tail, skia.PathOp.kUnion_PathOp)
    canvas.save()
    canvas.translate(8, 12)
    canvas.drawPath(shape, skia.Paint(AntiAlias=True, Color=colour(INK, 0.28)))
    canvas.restore()
    canvas.drawPath(shape, skia.Paint(AntiAlias=True, Color=0xFFFFFFFF))
    canvas.drawPath(
        shape,
        skia.Paint(
            AntiAlias=True,
            Color=colour(INK),
            Style=skia.Paint.kStroke_Style,
            StrokeWidth=8,
            StrokeJoin=skia.Paint.kRound_Join,
        ),
    )
    y = box.centerY() - (len(lines) - 1) * size * 0.58 + size * 0.34
    for line in lines:
        canvas.drawString(
            line, middle - font.measureText(line) / 2, y, font, skia.Paint(AntiAlias=True, Color=colour(INK))
        )
        y += size * 1.16


def _rounded(box: skia.Rect) -> skia.Path:
    import skia

    path = skia.Path()
    radius = min(70, box.height() / 2.2)
    path.addRRect(skia.RRect.MakeRectXY(box, radius, radius))
    return path


def _spikes(box: skia.Rect, seed: str) -> skia.Path:
    import skia

    rng = random.Random(seed)  # noqa: S311 - draws pictures, guards nothing
    points = []
    for i in range(44):
        angle = i / 44 * 2 * math.pi
        far = (1.28 if i % 2 else 1.05) + rng.uniform(-0.03, 0.03)
        # A superellipse keeps the corners of the text inside.
        c, s = math.cos(angle), math.sin(angle)
        x = math.copysign(abs(c) ** 0.62, c) * box.width() / 2 * min(far, 1.16)
        y = math.copysign(abs(s) ** 0.62, s) * box.height() / 2 * far
        points.append(skia.Point(box.centerX() + x, box.centerY() + y))
    path = skia.Path()
    path.addPoly(points, True)
    return path


def draw_title(canvas: skia.Canvas, title: str, bottom: float) -> None:
    """Draw the title card over the upper part of the frame, down to `bottom`."""
    import skia

    face = title_typeface()
    text = _known(title.upper(), face)
    width, top = TEXT_RIGHT - TEXT_LEFT - 60, BUBBLE_TOP - 20
    font, lines = _fits(text, face, (104, 94, 84, 76, 68, 60, 52), width - 90, bottom - top - 110, 1.08)
    size = font.getSize()
    height = len(lines) * size * 1.08 + 100
    top = max(top, bottom - height - 30)
    canvas.save()
    canvas.rotate(-2.2, 540, top + height / 2)
    box = skia.Rect.MakeXYWH(540 - width / 2, top, width, height)
    for dx, fill in ((16, INK), (0, "#fffdf6")):
        canvas.drawRoundRect(box.makeOffset(dx, dx), 36, 36, skia.Paint(AntiAlias=True, Color=colour(fill)))
    canvas.drawRoundRect(
        box,
        36,
        36,
        skia.Paint(AntiAlias=True, Color=colour(INK), Style=skia.Paint.kStroke_Style, StrokeWidth=9),
    )
    y = box.top() + 50 + size * 0.86
    for i, line in enumerate(lines):
        fill = "#d62f4b" if i % 2 == 0 else INK
        canvas.drawString(
            line, 540 - font.measureText(line) / 2, y, font, skia.Paint(AntiAlias=True, Color=colour(fill))
        )
        y += size * 1.08
    canvas.restore()


def draw_effect(canvas: skia.Canvas, text: str, x: float, y: float) -> None:
    """Draw large letters beside a head, slightly rotated and with a thick outline."""
    import skia

    font = skia.Font(title_typeface(), 118)
    blob = skia.TextBlob.MakeFromString(text, font)
    canvas.save()
    canvas.translate(x, y)
    canvas.rotate(9)
    left = -font.measureText(text) / 2
    for width, fill in ((30, "#ffffff"), (18, INK)):
        canvas.drawTextBlob(
            blob,
            left,
            0,
            skia.Paint(
                AntiAlias=True,
                Color=colour(fill),
                Style=skia.Paint.kStrokeAndFill_Style,
                StrokeWidth=width,
                StrokeJoin=skia.Paint.kRound_Join,
            ),
        )
    canvas.drawTextBlob(blob, left, 0, skia.Paint(AntiAlias=True, Color=colour("#ffd63a")))
    canvas.restore()
