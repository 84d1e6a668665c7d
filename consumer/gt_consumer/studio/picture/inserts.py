"""Pictures of a thing that fills the frame: a phone with its message, a letter, a ring, money, hands …"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gt_consumer.studio.picture.brush import Brush
from gt_consumer.studio.picture.cast import Look
from gt_consumer.studio.picture.layout import TEXT_RIGHT
from gt_consumer.studio.picture.lettering import Letters

_X = 513.0  # the middle of where text may be
_PAPER, _METAL, _GOLD, _DARK = "#fdf8ea", "#c3ccd6", "#f2c14e", "#1c1830"


def draw_thing(thing: str, brush: Brush, letters: Letters, note: str, who: str) -> None:
    """Draw a thing of the script's words for inserts.

    Parameters:
        letters: draws text and notes where it is
        note: what is written on the thing; empty for lines that cannot be read
        who: the name above a message
    """
    _glow(brush)
    _DRAWN[thing](brush, letters, note, who)


def _glow(b: Brush) -> None:
    b.halo(_X, 800, 760, b.palette.glow, 0.75)


def _scribble(b: Brush, x: float, y: float, w: float, rows: int, fill: str = "#a9a294") -> None:
    for row in range(rows):
        width = w * (0.55 if row == rows - 1 else b.random.uniform(0.86, 1.0))
        b.box(x, y + row * 62, width, 18, fill, ink=0, round_=9)


def _phone(b: Brush, letters: Letters, note: str, who: str) -> None:
    b.canvas.save()
    b.canvas.rotate(-3, _X, 800)
    b.box(150, 235, 726, 1190, _DARK, round_=96)
    b.box(184, 290, 658, 1080, "#f2f5fb", round_=56, ink=4)
    b.box(410, 306, 206, 38, _DARK, round_=19, ink=0)
    b.canvas.restore()
    letters.line(who or "Messages", _X, 420, 46, 520)
    b.line([(210, 450), (820, 450)], 4, "#c9d2e0")
    b.box(230, 490, 300, 92, "#e2e6ee", round_=40, ink=4)
    _scribble(b, 262, 526, 220, 1)
    if note:
        box = letters.measure(note, 52, 500, 500)
        top = 640.0
        b.box(TEXT_RIGHT - 70 - box[0] - 60, top, box[0] + 90, box[1] + 60, "#4aa3f0", round_=44, ink=5)
        letters.block(note, TEXT_RIGHT - 70 - box[0] / 2 - 15, top + 30, 52, 500, 500, fill="#ffffff")
    else:
        b.box(420, 640, 400, 150, "#4aa3f0", round_=44, ink=5)
        _scribble(b, 462, 676, 300, 2, "#ffffff")
        b.box(230, 840, 360, 150, "#e2e6ee", round_=44, ink=4)
        _scribble(b, 270, 876, 270, 2)


def _letter(b: Brush, letters: Letters, note: str, _: str) -> None:
    b.canvas.save()
    b.canvas.rotate(2.5, _X, 800)
    b.box(170, 300, 700, 1010, "#00000022"[:7], ink=0, alpha=0.14)
    b.box(150, 280, 700, 1010, _PAPER, ink=7)
    b.box(210, 350, 260, 24, "#6b6454", ink=0, round_=12)
    b.canvas.restore()
    if note:
        letters.block(note, _X, 480, 60, 560, 560)
    else:
        _scribble(b, 220, 480, 540, 9)
    b.line([(220, 1180), (300, 1130), (350, 1200), (420, 1120), (520, 1180)], 9, "#3a4fa0")


def _ring(b: Brush, letters: Letters, note: str, _: str) -> None:
    del letters, note
    b.shape([(230, 1010), (800, 1010), (760, 1260), (270, 1260)], "#8a2f48", ink=8)
    b.shape([(230, 1010), (800, 1010), (740, 640), (290, 640)], "#a83c58", ink=8)
    b.shape([(280, 985), (750, 985), (708, 690), (322, 690)], "#f6e9ee", ink=5)
    b.box(280, 1000, 470, 60, "#f6e9ee", ink=6, round_=24)
    _band(b, _X, 930, 120)
    b.shape([(_X - 78, 770), (_X + 78, 770), (_X, 872)], "#bfeaf7", ink=7)
    b.shape([(_X - 78, 770), (_X - 44, 722), (_X + 44, 722), (_X + 78, 770)], "#e8fafe", ink=7)
    for angle in range(0, 360, 45):
        c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        b.line([(_X + c * 130, 770 + s * 110), (_X + c * 190, 770 + s * 170)], 10, "#fff6c8")


def _band(b: Brush, x: float, y: float, r: float) -> None:
    import skia

    for width, fill in ((46, 0xFF150D24), (30, 0xFFF2C14E)):
        paint = skia.Paint(AntiAlias=True, Color=fill, Style=skia.Paint.kStroke_Style, StrokeWidth=width)
        b.canvas.drawCircle(x, y, r, paint)


def _money(b: Brush, letters: Letters, note: str, _: str) -> None:
    for n in range(5):
        angle = -16 + n * 8
        b.canvas.save()
        b.canvas.rotate(angle, _X, 1200)
        b.box(190, 640 + n * 14, 640, 330, "#7fbf8a", ink=7, round_=16)
        b.box(220, 670 + n * 14, 580, 270, "#a9dbb0", ink=4, round_=10)
        b.disc(_X, 805 + n * 14, 84, "#7fbf8a", ink=5)
        b.canvas.restore()
    letters.block(note or "$$$", _X, 400, 150 if len(note) < 8 else 104, 680, 200, title=True, fill="#2e9a4f")


def _key(b: Brush, letters: Letters, note: str, _: str) -> None:
    del letters, note
    b.canvas.save()
    b.canvas.rotate(-24, _X, 800)
    _band(b, 330, 760, 130)
    b.box(440, 722, 440, 76, _METAL, ink=8, round_=20)
    for x, h in ((640, 90), (720, 130), (800, 96)):
        b.box(x, 780, 52, h, _METAL, ink=8)
    b.box(610, 724, 262, 72, _METAL, ink=0)
    b.canvas.restore()
    b.line([(330, 900), (300, 1010), (330, 1100)], 12, "#7b8894")
    b.shape([(240, 1090), (420, 1090), (450, 1270), (210, 1270)], b.palette.accent, ink=8)


def _clock(b: Brush, letters: Letters, note: str, _: str) -> None:
    b.disc(_X, 760, 330, "#fffaf0", ink=14)
    for hour in range(12):
        angle = hour / 12 * 2 * math.pi
        c, s = math.sin(angle), -math.cos(angle)
        b.line([(_X + c * 270, 760 + s * 270), (_X + c * 300, 760 + s * 300)], 14 if hour % 3 == 0 else 8)
    hours, minutes = _clock_hands(note)
    for value, length, width in ((hours / 12, 170, 24), (minutes / 60, 250, 15)):
        angle = value * 2 * math.pi
        b.line([(_X, 760), (_X + math.sin(angle) * length, 760 - math.cos(angle) * length)], width)
    b.disc(_X, 760, 22, "#d62f4b")
    if note:
        letters.block(note, _X, 1150, 96, 640, 150, title=True)


def _clock_hands(note: str) -> tuple[float, float]:
    """Return hours and minutes of a time such as `3:15 am`; ten past ten if there is none."""
    digits = [int(part) for part in "".join(c if c.isdigit() else " " for c in note).split()][:2]
    if not digits:
        return 10 + 10 / 60, 10
    minutes = digits[1] if len(digits) > 1 else 0
    return digits[0] % 12 + minutes / 60, minutes


def _laptop(b: Brush, letters: Letters, note: str, who: str) -> None:
    b.box(150, 480, 726, 560, _DARK, ink=8, round_=30)
    b.box(182, 512, 662, 496, "#f4f8fc", ink=4, round_=8)
    b.box(182, 512, 662, 76, b.palette.accent, ink=4)
    for n, fill in enumerate(("#ff6a5a", "#ffd24a", "#6ad07a")):
        b.disc(222 + n * 46, 550, 14, fill, ink=3)
    letters.line(who or "Inbox", _X, 652, 44, 520)
    if note:
        letters.block(note, _X, 690, 46, 560, 290)
    else:
        _scribble(b, 230, 700, 520, 4)
    b.shape([(110, 1040), (916, 1040), (990, 1150), (36, 1150)], _METAL, ink=8)
    b.box(400, 1060, 226, 40, "#9aa5b3", ink=4, round_=10)


_DRAWN: dict[str, Callable[[Brush, Letters, str, str], None]] = {
    "phone": _phone,
    "letter": _letter,
    "ring": _ring,
    "money": _money,
    "key": _key,
    "clock": _clock,
    "laptop": _laptop,
}


def draw_hands(b: Brush, giver: Look, taker: Look | None, thing: str) -> None:
    """Draw two hands: one gives a thing, the other takes it; alone, it holds it."""
    _glow(b)
    _arm(b, giver, 1)
    if taker is not None:
        _arm(b, taker, -1)
    _held(b, thing)
    _fingers(b, giver, 1)
    if taker is not None:
        _fingers(b, taker, -1)


def _arm(b: Brush, look: Look, side: int) -> None:
    """Draw forearm, cuff and palm, which is behind what the hand holds."""
    with _mirrored(b, side):
        b.shape([(-640, 1420), (-640, 1060), (-330, 860), (-260, 1010)], look.clothes, ink=9)
        b.shape([(-352, 850), (-270, 1020), (-232, 1004), (-312, 830)], "#fff6e6", ink=7)
        b.shape(
            [(-318, 846), (-250, 760), (-150, 730), (-70, 800), (-80, 930), (-180, 985), (-262, 1000)],
            look.skin,
            ink=9,
        )


def _fingers(b: Brush, look: Look, side: int) -> None:
    """Draw the fingers in front of what the hand holds, and the thumb on it."""
    with _mirrored(b, side):
        for n in range(4):
            b.box(-258 + n * 8, 800 + n * 46, 130, 50, look.skin, ink=7, round_=25)
        b.canvas.rotate(28, -230, 760)
        b.box(-250, 716, 170, 58, look.skin, ink=7, round_=29)


@contextmanager
def _mirrored(b: Brush, side: int) -> Iterator[None]:
    """Draw around the middle, on the left with a side of 1 and on the right with -1."""
    b.canvas.save()
    b.canvas.translate(_X, 0)
    b.canvas.scale(side, 1)
    yield
    b.canvas.restore()


def _held(b: Brush, thing: str) -> None:
    if thing == "money":
        for n in range(3):
            b.box(_X - 220 + n * 16, 690 + n * 22, 420, 220, "#a9dbb0", ink=8, round_=12)
        b.disc(_X + 20, 844, 64, "#7fbf8a", ink=5)
    elif thing == "key":
        _band(b, _X - 130, 830, 84)
        b.box(_X - 50, 806, 260, 50, _METAL, ink=7, round_=10)
        b.box(_X + 110, 844, 36, 70, _METAL, ink=7)
        b.box(_X + 166, 844, 36, 50, _METAL, ink=7)
    elif thing == "ring":
        _band(b, _X, 850, 92)
        b.shape([(_X - 56, 700), (_X + 56, 700), (_X, 786)], "#bfeaf7", ink=6)
    elif thing in {"phone", "laptop"}:
        b.box(_X - 130, 560, 260, 480, _DARK, ink=8, round_=44)
        b.box(_X - 108, 606, 216, 380, "#8fd0ef", ink=4, round_=12)
    else:
        b.shape([(_X - 220, 640), (_X + 200, 610), (_X + 226, 930), (_X - 194, 960)], _PAPER, ink=8)
        b.line([(_X - 218, 642), (_X + 10, 800), (_X + 200, 612)], 7)
