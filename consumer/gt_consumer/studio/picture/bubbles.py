"""Draws speech bubbles, the title card, the end card and effects in letters."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

from gt_consumer.studio.picture.brush import INK, colour, outline
from gt_consumer.studio.picture.fonts import bubble_typeface, title_typeface
from gt_consumer.studio.picture.layout import TEXT_LEFT, TEXT_RIGHT
from gt_consumer.studio.picture.lettering import Letters, fit, known

if TYPE_CHECKING:
    import skia

_MIDDLE = (TEXT_LEFT + TEXT_RIGHT) / 2
_ROOM = TEXT_RIGHT - TEXT_LEFT
_SPACING = 1.16


def draw_bubble(
    letters: Letters, text: str, tip: tuple[float, float], top: float, bottom: float, *, loud: bool, seed: str
) -> None:
    """Draw a bubble between `top` and `bottom`, its tail ending at `tip`."""
    import skia

    canvas, face = letters.canvas, bubble_typeface()
    text = known(text.upper() if loud else text, face)
    font, lines = fit(
        text,
        face,
        (62, 56, 50, 45, 40, 36),
        _ROOM - (150 if loud else 60),
        max(60, bottom - top - 130),
    )
    size = font.getSize()
    width = max(font.measureText(line) for line in lines) + 90
    height = len(lines) * size * _SPACING + 62
    reach = (_ROOM + 60 - width) / 2
    middle = min(max(_MIDDLE + (_MIDDLE - tip[0]) * 0.25, _MIDDLE - reach), _MIDDLE + reach)
    top = max(top, bottom - height - 70)
    box = skia.Rect.MakeXYWH(middle - width / 2, top, width, height)
    body = _spikes(box, seed) if loud else _rounded(box)
    shape = skia.Op(body, _tail(box, tip), skia.PathOp.kUnion_PathOp)
    canvas.save()
    canvas.translate(8, 12)
    canvas.drawPath(shape, skia.Paint(AntiAlias=True, Color=colour(INK, 0.28)))
    canvas.restore()
    canvas.drawPath(shape, skia.Paint(AntiAlias=True, Color=0xFFFFFFFF))
    canvas.drawPath(shape, outline(8))
    y = box.centerY() - (len(lines) - 1) * size * _SPACING / 2 + size * 0.34
    for line in lines:
        letters.put(line, middle, y, font, skia.Paint(AntiAlias=True, Color=colour(INK)))
        y += size * _SPACING


def _tail(box: skia.Rect, tip: tuple[float, float]) -> skia.Path:
    import skia

    foot = min(max(tip[0], box.left() + 90), box.right() - 90)
    tail = skia.Path()
    tail.moveTo(foot - 30, box.centerY())
    tail.lineTo(foot + 34, box.centerY())
    tail.lineTo(foot + 34, box.bottom() - 10)
    tail.quadTo(foot + 20, box.bottom() + 20, tip[0], min(tip[1], box.bottom() + 120))
    tail.quadTo(foot - 20, box.bottom() + 20, foot - 30, box.bottom() - 10)
    tail.close()
    return tail


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


def draw_title(letters: Letters, title: str, top: float, bottom: float) -> None:
    """Draw the title card over the upper part of the frame, from `top` down to `bottom`."""
    import skia

    canvas, face = letters.canvas, title_typeface()
    text = known(title.upper(), face).upper()
    width = _ROOM + 60
    sizes = (104, 94, 84, 76, 68, 60, 52, 46, 40, 34, 28)
    font, lines = fit(text, face, sizes, _ROOM - 34, bottom - top - 110, 1.08)
    size = font.getSize()
    height = len(lines) * size * 1.08 + 100
    top = max(top, bottom - height - 30)
    canvas.save()
    canvas.rotate(-2.2, _MIDDLE, top + height / 2)
    box = skia.Rect.MakeXYWH(_MIDDLE - width / 2, top, width, height)
    for dx, fill in ((16, INK), (0, "#fffdf6")):
        canvas.drawRoundRect(box.makeOffset(dx, dx), 36, 36, skia.Paint(AntiAlias=True, Color=colour(fill)))
    canvas.drawRoundRect(box, 36, 36, outline(9))
    y = box.top() + 50 + size * 0.86
    for i, line in enumerate(lines):
        fill = "#d62f4b" if i % 2 == 0 else INK
        letters.put(line, _MIDDLE, y, font, skia.Paint(AntiAlias=True, Color=colour(fill)))
        y += size * 1.08
    canvas.restore()


def draw_effect(letters: Letters, text: str, x: float, y: float) -> None:
    """Draw large letters beside a head, slightly rotated and with a thick outline, inside the safe area."""
    import skia

    canvas = letters.canvas
    font = skia.Font(title_typeface(), 118)
    width = font.measureText(text)
    x = min(max(x, TEXT_LEFT + width / 2 + 36), TEXT_RIGHT - width / 2 - 36)
    blob = skia.TextBlob.MakeFromString(text, font)
    canvas.save()
    canvas.translate(x, y)
    canvas.rotate(9)
    left = -width / 2
    for stroke, fill in ((30, "#ffffff"), (18, INK)):
        edge = skia.Paint(
            AntiAlias=True,
            Color=colour(fill),
            Style=skia.Paint.kStrokeAndFill_Style,
            StrokeWidth=stroke,
            StrokeJoin=skia.Paint.kRound_Join,
        )
        canvas.drawTextBlob(blob, left, 0, edge)
    letters.put(text, 0, 0, font, skia.Paint(AntiAlias=True, Color=colour("#ffd63a")))
    canvas.restore()


def draw_end(letters: Letters, source: str, handle: str, question: str, top: float) -> None:
    """Draw the end card: a question to those who watch, whose channel it is, and where the story is from.

    Parameters:
        source: such as "r/tifu"; empty for none
        handle: of the channel, such as "@stories"; empty for none
        question: to those who watch
    """
    import skia

    canvas = letters.canvas
    height = 290 + (110 if handle else 0) + (90 if source else 0)
    box = skia.Rect.MakeXYWH(TEXT_LEFT - 20, top + 40, _ROOM + 40, height)
    for dx, fill in ((16, INK), (0, "#fffdf6")):
        canvas.drawRoundRect(box.makeOffset(dx, dx), 44, 44, skia.Paint(AntiAlias=True, Color=colour(fill)))
    canvas.drawRoundRect(box, 44, 44, outline(9))
    letters.block(question.upper(), _MIDDLE, box.top() + 50, 92, _ROOM - 60, 110, title=True, fill="#d62f4b")
    letters.block("Tell me in the comments", _MIDDLE, box.top() + 180, 56, _ROOM - 60, 80)
    if handle:
        letters.block(handle, _MIDDLE, box.top() + 280, 78, _ROOM - 80, 100, title=True)
    if source:
        letters.block(f"Story from {source}", _MIDDLE, box.bottom() - 105, 42, _ROOM - 80, 70, fill="#6b6454")
