"""Draws places: rooms and streets of simple shapes in the colours of the act.

Coordinates are those of the frame, 1080 by 1920, with the margin around it drawn too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from gt_consumer.studio.picture.brush import Brush
from gt_consumer.studio.picture.layout import HEIGHT, MARGIN_X, MARGIN_Y, WIDTH

L, T, R, B = -MARGIN_X, -MARGIN_Y, WIDTH + MARGIN_X, HEIGHT + MARGIN_Y
W, H = R - L, B - T
_FLOOR_Y = 1280


def _walls(b: Brush, floor_y: float = _FLOOR_Y) -> None:
    p = b.palette
    b.fade(L, T, W, floor_y - T, p.wall, p.wall_low)
    b.halftone(L, floor_y - 420, W, 420, p.floor, 0.16)
    b.box(L - 10, floor_y, W + 20, B - floor_y + 10, p.floor)
    b.box(L - 10, floor_y - 34, W + 20, 34, p.wall_low, ink=5)


def _window(b: Brush, x: float, y: float, w: float, h: float, night: bool) -> None:
    p = b.palette
    b.fade(x, y, w, h, "#1b1740" if night else "#9fd8f0", "#5a3f78" if night else p.glow)
    base = y + h
    at: float = x
    while at < x + w - 10:
        width = min(b.random.uniform(40, 90), x + w - at)
        height = b.random.uniform(0.15, 0.5) * h
        b.box(at, base - height, width, height, "#3a2f5c" if night else "#86b9d6", ink=0, alpha=0.9)
        if night:
            for _ in range(4):
                b.box(
                    at + b.random.uniform(4, max(5, width - 14)),
                    base - b.random.uniform(0.1, 0.9) * height,
                    9,
                    12,
                    "#ffd873",
                    ink=0,
                )
        at += width
    b.shape(
        [(x + w * 0.15, y), (x + w * 0.4, y), (x + w * 0.1, base), (x, base), (x, y + h * 0.5)],
        "#ffffff",
        ink=0,
        alpha=0.14,
    )
    b.line([(x, y), (x + w, y), (x + w, base), (x, base), (x, y)], 16, "#f6efe2")
    b.line([(x + w / 2, y), (x + w / 2, base)], 10, "#f6efe2")
    b.line([(x, y + h * 0.45), (x + w, y + h * 0.45)], 10, "#f6efe2")
    for inset in (-9, 9):
        b.line(
            [
                (x - inset, y - inset),
                (x + w + inset, y - inset),
                (x + w + inset, base + inset),
                (x - inset, base + inset),
                (x - inset, y - inset),
            ],
            4,
        )


def _frames(b: Brush, x: float, y: float) -> None:
    p = b.palette
    for dx, dy, w, h in ((0, 0, 130, 160), (165, 40, 110, 120), (20, 200, 120, 110)):
        b.box(x + dx, y + dy, w, h, "#fff6e6")
        b.box(x + dx + 18, y + dy + 18, w - 36, h - 36, b.random.choice((p.accent, p.second, p.floor)), ink=3)


def _is_night(b: Brush) -> bool:
    return int(b.palette.wall[1:3], 16) < 150


def room(b: Brush) -> None:
    """Draw a living room: window with curtains, pictures, lamp and sofa."""
    p = b.palette
    _walls(b)
    _window(b, 560, 330, 420, 560, _is_night(b))
    for x, dx in ((500, 80), (1040, -80)):
        b.shape(
            [
                (x - 40, 280),
                (x + 60, 280),
                (x + 60 + dx * 0.2, 640),
                (x + 40, 1000),
                (x - 60, 1000),
                (x - 30, 640),
            ],
            p.accent,
        )
        b.line([(x, 300), (x + 6, 620), (x - 8, 980)], 4)
    b.line([(420, 275), (1120, 275)], 14)
    _frames(b, 70, 360)
    b.box(-40, 1120, 560, 320, p.second, round_=60)
    b.box(-60, 1010, 480, 220, p.second, round_=50)
    b.halo(240, 760, 300, p.glow, 0.5)
    b.line([(240, 860), (240, 1240)], 12)
    b.shape([(170, 860), (310, 860), (280, 700), (200, 700)], p.glow)


def kitchen(b: Brush) -> None:
    """Draw a kitchen: cupboards, tiles, shelf, fridge and a kettle on the counter."""
    p = b.palette
    _walls(b)
    for row in range(7):
        for column in range(14):
            b.box(
                L + column * 90, 820 + row * 66, 90, 66, p.wall_low if (row + column) % 2 else p.wall, ink=2
            )
    for x in (-50, 210, 470):
        b.box(x, 150, 250, 470, p.accent)
        b.box(x + 24, 176, 202, 418, p.accent, ink=3)
        b.disc(x + 215, 560, 11, p.glow, ink=4)
    b.box(790, 200, 330, 1180, "#eef1f4", round_=30)
    b.line([(790, 620), (1120, 620)])
    for y in (480, 700):
        b.box(820, y, 22, 110, "#b8c0cc", round_=10)
    b.box(880, 300, 70, 60, p.second, ink=3)
    b.box(970, 360, 60, 60, p.glow, ink=3)
    b.box(L - 10, 1180, 860, 60, "#fff3dd")
    b.box(L - 10, 1240, 860, 800, p.second)
    b.disc(150, 1110, 70, p.accent)
    b.line([(95, 1060), (150, 990), (205, 1060)], 12)
    b.box(330, 1070, 90, 110, p.glow, round_=10)
    b.halo(420, 300, 500, p.glow, 0.28)


def office(b: Brush) -> None:
    """Draw an office: blinds, shelf with files, clock, desk with a screen."""
    p = b.palette
    _walls(b)
    _window(b, 90, 300, 520, 520, _is_night(b))
    for i in range(13):
        b.box(80, 290 + i * 30, 540, 14, "#f3efe6", ink=2)
    b.disc(840, 330, 95, "#fffaf0")
    b.line([(840, 330), (840, 265)], 8)
    b.line([(840, 330), (885, 355)], 8)
    for y in (620, 880):
        b.box(680, y + 170, 440, 26, "#8a5a3c")
        x = 700.0
        while x < 1060:
            w = b.random.uniform(34, 60)
            b.box(
                x,
                y + b.random.uniform(0, 40),
                w,
                170,
                b.random.choice((p.accent, p.second, p.floor, p.glow)),
                ink=4,
            )
            x += w + 4
    b.box(L - 10, 1220, W + 20, 46, "#8a5a3c")
    b.box(L - 10, 1266, W + 20, 800, "#6e4630")
    b.box(40, 930, 360, 240, "#272338", round_=16)
    b.box(60, 950, 320, 200, "#7fc4e0", ink=3)
    b.box(195, 1170, 50, 50, "#272338")


def restaurant(b: Brush) -> None:
    """Draw a restaurant or hall: string lights, arches, tables with glasses."""
    p = b.palette
    _walls(b)
    for x in (-20, 360, 740):
        b.box(x, 420, 320, 900, p.wall_low, round_=160)
        b.box(x + 30, 455, 260, 900, p.wall, round_=130, ink=4)
    for row, y in enumerate((190, 330)):
        points = [(L + i * 40.0, y + 60 * math.sin(math.pi * ((i % 10) / 10))) for i in range(31)]
        b.line(points, 5)
        for bulb_x, bulb_y in points[row::2]:
            b.halo(bulb_x, bulb_y + 22, 60, p.glow, 0.7)
            b.disc(bulb_x, bulb_y + 20, 15, p.glow, ink=3)
    for x in (90, 930):
        b.box(x - 14, 1170, 28, 500, "#5b3b2c")
        b.box(x - 190, 1120, 380, 60, "#fff8ee", round_=28)
        b.shape([(x - 60, 1000), (x, 1000), (x - 16, 1060), (x - 44, 1060)], "#d9f0f5")
        b.line([(x - 30, 1060), (x - 30, 1115)], 7)
        b.disc(x + 70, 1040, 42, p.accent)
        b.box(x + 40, 1060, 60, 60, p.second, round_=12)


def street(b: Brush) -> None:
    """Draw a street with houses, a lamp and the sky above."""
    p = b.palette
    night = _is_night(b)
    b.fade(L, T, W, 1300, "#1a1540" if night else "#8fd0ef", "#7a4a80" if night else p.glow)
    b.disc(820, 330, 90, "#fff2c2" if night else "#fffdf0", ink=0, alpha=0.95)
    b.halo(820, 330, 320, "#fff2c2", 0.4)
    for x, y, w in ((80, 380, 90), (520, 260, 70), (300, 520, 60)):
        for dx, r in ((0, w), (w, w * 1.25), (2.1 * w, w * 0.9)):
            b.disc(x + dx, y, r * 0.6, "#ffffff", ink=0, alpha=0.2 if night else 0.85)
    for x, y, w, wall in ((-70, 620, 360, p.accent), (300, 720, 300, p.second), (780, 560, 360, p.floor)):
        b.box(x, y, w, 760, wall)
        b.shape([(x - 30, y), (x + w / 2, y - 170), (x + w + 30, y)], "#6b3a3f")
        for i in range(2):
            for j in range(2):
                b.box(
                    x + w * (0.16 + 0.42 * i),
                    y + 90 + 230 * j,
                    w * 0.25,
                    130,
                    "#ffd873" if night else "#d8f0fa",
                )
    b.box(L - 10, 1280, W + 20, 800, "#4b4a63" if night else "#a9adb8")
    b.box(L - 10, 1280, W + 20, 70, "#cfc6bd")
    b.line([(690, 560), (690, 1330)], 18)
    b.halo(690, 540, 260, p.glow, 0.6)
    b.disc(690, 540, 42, p.glow)


def bedroom(b: Brush) -> None:
    """Draw a bedroom at night: moon in the window, bed and a small lamp."""
    p = b.palette
    b.fade(L, T, W, _FLOOR_Y - T, "#2a2452", "#54427e")
    b.halftone(L, 700, W, 580, "#1a1538", 0.25)
    b.box(L - 10, _FLOOR_Y, W + 20, 900, "#231b40")
    _window(b, 120, 300, 420, 520, True)
    b.disc(430, 410, 52, "#fff2c2", ink=0)
    b.box(560, 900, 640, 200, "#7a4b35", round_=40)
    b.box(600, 1020, 260, 150, "#f4efff", round_=50)
    b.box(520, 1120, 700, 320, p.accent, round_=50)
    b.halo(760, 640, 340, "#ffd890", 0.5)
    b.shape([(690, 720), (830, 720), (800, 590), (720, 590)], "#ffd890")
    b.line([(760, 720), (760, 900)], 12)
    for _ in range(3):
        x, y = b.random.uniform(640, 1000), b.random.uniform(250, 480)
        b.box(x, y, 90, 110, "#f6efe2", ink=4)


def phone(b: Brush) -> None:
    """Draw a phone screen full of messages, for texts and calls."""
    p = b.palette
    b.fade(L, T, W, H, p.accent, p.floor)
    b.halftone(L, T, W, H, "#ffffff", 0.12, grow_down=False)
    b.canvas.save()
    b.canvas.rotate(-5, 540, 700)
    b.box(110, 200, 860, 1700, "#1c1830", round_=90)
    b.box(150, 250, 780, 1600, "#f5f7fb", round_=60, ink=4)
    b.box(430, 270, 220, 44, "#1c1830", round_=22, ink=0)
    y = 380.0
    for i in range(6):
        mine = i % 3 == 1
        w, h = b.random.uniform(300, 520), b.random.choice((90, 130))
        x = 890 - w if mine else 190
        b.box(x, y, w, h, "#4aa3f0" if mine else "#e2e6ee", round_=40, ink=4)
        for k in range(1 if h < 100 else 2):
            b.box(
                x + 36,
                y + 30 + 36 * k,
                w * (0.72 - 0.2 * k),
                16,
                "#ffffff" if mine else "#a9b0bf",
                round_=8,
                ink=0,
            )
        y += h + 40
    b.canvas.restore()


def park(b: Brush) -> None:
    """Draw a park: hills, trees and bunting."""
    p = b.palette
    b.fade(L, T, W, 1300, "#8fd4ee", p.glow)
    b.disc(860, 320, 100, "#fff6c8", ink=0)
    b.halo(860, 320, 380, "#fff6c8", 0.5)
    for x, y, r in ((150, 1500, 620), (900, 1560, 640)):
        b.disc(x, y, r, "#8cc66a")
    for x, y, r in ((90, 900, 170), (960, 840, 190), (430, 980, 110)):
        b.box(x - r * 0.13, y, r * 0.26, r * 1.9, "#7a4b35")
        for dx, dy, k in ((0, -0.5, 0.85), (-0.6, 0, 0.7), (0.6, 0, 0.7), (0, 0.15, 0.8)):
            b.disc(x + dx * r, y + dy * r, k * r, "#4e9a4a", ink=5)
        b.disc(x, y - 0.1 * r, 0.75 * r, "#4e9a4a", ink=0)
    b.box(L - 10, 1330, W + 20, 800, "#7ab85c")
    points = [(L + i * 60.0, 420 + 70 * math.sin(i / 20 * math.pi * 3)) for i in range(21)]
    b.line(points, 5)
    for i, (flag_x, flag_y) in enumerate(points):
        flag = [(flag_x - 24, flag_y), (flag_x + 24, flag_y), (flag_x, flag_y + 54)]
        b.shape(flag, (p.accent, p.second, "#ffffff")[i % 3], ink=4)


def burst(b: Brush) -> None:
    """Draw rays and speed lines, for a shout or a shock."""
    p = b.palette
    b.fade(L, T, W, H, p.accent, "#e8502e" if p.accent != "#e0647e" else "#7b2d63")
    cx, cy = 540, 880
    for i in range(56):
        angle = i / 56 * 2 * math.pi + b.random.uniform(-0.04, 0.04)
        width = b.random.uniform(0.012, 0.045)
        near = b.random.uniform(380, 640)
        b.shape(
            [
                (cx + near * math.cos(angle), cy + near * math.sin(angle)),
                (cx + 1700 * math.cos(angle - width), cy + 1700 * math.sin(angle - width)),
                (cx + 1700 * math.cos(angle + width), cy + 1700 * math.sin(angle + width)),
            ],
            "#fff3d0",
            ink=0,
            alpha=0.85,
        )
    b.halo(cx, cy, 760, p.second, 0.75)
    b.halftone(L, 1100, W, 900, "#7a1030", 0.22)


PLACES: dict[str, Callable[[Brush], None]] = {
    "room": room,
    "kitchen": kitchen,
    "office": office,
    "restaurant": restaurant,
    "street": street,
    "bedroom": bedroom,
    "phone": phone,
    "park": park,
    "burst": burst,
}
_WORDS = (
    ("phone", r"\b(?:phone|text(?:ed|s)?|email|messages?|called me|voicemail|group chat)\b"),
    ("kitchen", r"\b(?:kitchen|fridge|cook\w*|baked?|cupcake|cake|frosting|pancakes|dishes|broccoli|oven)\b"),
    (
        "restaurant",
        r"\b(?:restaurant|dinner|waiter|dessert|soup|wedding|reception|party|bar|cafe|venue|engaged)\b",
    ),
    (
        "office",
        r"\b(?:office|boss|desk|contract|meeting|manager|client|work|professor|class|college|project|slides|servers)\b",
    ),
    ("bedroom", r"\b(?:bed|bedroom|midnight|slept|asleep|woke up|pillow|in the dark)\b"),
    ("street", r"\b(?:street|car|parking|yard|drove|outside|neighborhood|trucks|door|lot|hallway|stairs)\b"),
    ("park", r"\b(?:park|garden|farm|chickens?|picnic|in the sun|lake|beach)\b"),
    ("room", r"\b(?:house|home|living room|sofa|couch|grandm\w+|apartment|piano|family)\b"),
)
_PATTERNS = tuple((place, re.compile(pattern, re.IGNORECASE)) for place, pattern in _WORDS)


def place_of(text: str, before: str) -> str:
    """Return the key in `PLACES` of the place that a sentence mentions, else `before`."""
    return next((place for place, pattern in _PATTERNS if pattern.search(text)), before)
