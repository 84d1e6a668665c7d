"""Draws public places: hospital, court, school, church, shop, gym, a meeting, and the inside of a car."""

from __future__ import annotations

import math

from gt_consumer.studio.picture.brush import Brush
from gt_consumer.studio.picture.scenery import FLOOR_Y, B, H, L, R, T, W, is_night, walls

_ROAD = ((500, 700), (580, 700), (1000, 1150), (80, 1150))
_WOOD, _DARK_WOOD, _STEEL, _CREAM = "#a5693f", "#6e4630", "#c3ccd6", "#fbf6ea"


def hospital(b: Brush) -> None:
    """Draw a hospital room: bed with rails, curtain, monitor with a heart beat, a red cross."""
    p = b.palette
    b.fade(L, T, W, FLOOR_Y - T, "#d9f0ee" if not is_night(b) else "#5d7f92", "#f4fbfa")
    b.halftone(L, 860, W, 420, "#7fb9b5", 0.18)
    b.box(L - 10, FLOOR_Y, W + 20, B - FLOOR_Y + 10, "#a9cfcb")
    b.box(L - 10, FLOOR_Y - 40, W + 20, 40, "#ffffff", ink=5)
    b.line([(L, 250), (620, 250)], 14, "#8a97a3")
    for i in range(5):
        x = L + i * 62
        b.shape([(x, 250), (x + 62, 250), (x + 54, 1150), (x + 8, 1150)], "#8fd0c4" if i % 2 else "#a7ddd2")
    b.box(700, 250, 330, 240, "#2a3442", round_=20)
    beat = [(720, 380), (790, 380), (815, 300), (845, 450), (870, 360), (890, 380), (1010, 380)]
    b.line(beat, 9, "#62f0a0")
    b.line([(865, 490), (865, 760)], 14, "#8a97a3")
    b.disc(390, 330, 74, "#ffffff")
    b.box(372, 282, 36, 96, "#e0485a", ink=0)
    b.box(342, 312, 96, 36, "#e0485a", ink=0)
    b.box(470, 900, 760, 150, "#ffffff", round_=40)
    b.box(520, 860, 260, 130, "#eaf4ff", round_=54)
    b.box(420, 1010, 800, 250, "#86c5e6", round_=30)
    for x in (450, 640, 830, 1020):
        b.line([(x, 960), (x, 1180)], 12, "#7b8894")
    b.line([(430, 970), (1130, 970)], 14, "#7b8894")
    b.halo(865, 360, 320, p.glow, 0.35)


def court(b: Brush) -> None:
    """Draw a courtroom: panelled wall, seal, flags, the judge's bench with a gavel."""
    p = b.palette
    b.fade(L, T, W, H, "#8d5a36" if not is_night(b) else "#4f3330", _DARK_WOOD)
    for i in range(7):
        b.box(L + i * 176, 160, 150, 820, _WOOD, ink=5)
        b.box(L + i * 176 + 24, 200, 102, 740, "#b87a4b", ink=3)
    b.disc(540, 360, 150, "#e7c25a")
    b.disc(540, 360, 112, "#fff3cf", ink=4)
    b.line([(540, 280), (540, 440)], 10)
    b.line([(470, 310), (610, 310)], 10)
    for x in (470, 610):
        b.shape([(x - 42, 400), (x + 42, 400), (x, 430)], "#e7c25a", ink=4)
        b.line([(x, 312), (x - 36, 400)], 4)
        b.line([(x, 312), (x + 36, 400)], 4)
    for x, fill in ((90, "#b5394c"), (990, "#2f5fa5")):
        b.line([(x, 260), (x, 1100)], 14, "#d8b25a")
        b.shape([(x, 290), (x + 110, 340), (x + 70, 520), (x + 100, 700), (x, 660)], fill)
    b.box(L - 10, 1010, W + 20, 60, "#c98d58")
    b.box(L - 10, 1070, W + 20, 900, _DARK_WOOD)
    for i in range(4):
        b.box(30 + i * 270, 1130, 220, 300, "#835438", ink=5)
    b.box(760, 960, 180, 50, "#4a2d20", round_=14)
    b.box(800, 900, 110, 52, "#7a4a30", round_=12)
    b.halo(540, 420, 520, p.glow, 0.32)


def school(b: Brush) -> None:
    """Draw a classroom: chalk board with sums, clock, alphabet, desks."""
    p = b.palette
    walls(b)
    b.box(40, 330, 760, 480, _WOOD)
    b.box(66, 356, 708, 428, "#2f6b56", ink=4)
    for y, w in ((430, 380), (510, 520), (590, 300)):
        x = 110.0
        while x < 110 + w:
            step = b.random.uniform(26, 60)
            b.line([(x, y), (x + step * 0.7, y + b.random.uniform(-10, 10))], 8, "#e6f2ea", 0.9)
            x += step
    b.shape([(560, 720), (700, 720), (630, 600)], "#2f6b56", ink=0)
    b.line([(560, 720), (700, 720), (630, 600), (560, 720)], 7, "#f3e6a0")
    b.disc(930, 380, 86, _CREAM)
    b.line([(930, 380), (930, 322)], 8)
    b.line([(930, 380), (972, 398)], 8)
    for i in range(8):
        fill = (p.accent, p.second, p.glow, "#8fc4e8")[i % 4]
        b.box(L + 30 + i * 146, 190, 116, 92, fill, ink=5)
        b.line([(L + 60 + i * 146, 262), (L + 88 + i * 146, 206), (L + 116 + i * 146, 262)], 7)
    b.box(856, 540, 200, 260, "#8fc4e8", ink=6)
    b.shape([(876, 780), (930, 640), (980, 720), (1036, 780)], "#5ea95c", ink=4)
    for x in (-30, 390, 810):
        b.box(x, 1180, 310, 44, "#e0a96a", round_=12)
        b.line([(x + 40, 1224), (x + 20, 1560)], 14, "#7b8894")
        b.line([(x + 270, 1224), (x + 290, 1560)], 14, "#7b8894")


def church(b: Brush) -> None:
    """Draw a church: stained windows, arches, candles and pews."""
    p = b.palette
    dark = is_night(b)
    b.fade(L, T, W, FLOOR_Y - T, "#6d6488" if dark else "#e9e2d3", "#938aa8" if dark else "#f7f1e4")
    b.box(L - 10, FLOOR_Y, W + 20, 900, "#8a3d4a")
    for x, hues in ((60, 0), (400, 1), (740, 2)):
        b.box(x - 24, 210, 328, 800, "#cfc4b2", round_=160)
        b.box(x, 236, 280, 760, "#3c3a5c", round_=138, ink=6)
        for row in range(6):
            for column in range(3):
                fill = (p.accent, "#f2c14e", "#4f8fd0", "#5fae7a", "#b56ac0")[(row + column + hues) % 5]
                b.box(x + 26 + column * 78, 330 + row * 106, 72, 98, fill, ink=4, alpha=0.92)
        b.disc(x + 140, 300, 34, "#fff0b0", ink=4)
    b.box(500, 1010, 80, 190, "#f3e4bd", ink=6)
    b.box(360, 1010, 360, 40, "#fffaf0")
    for x in (392, 470, 610, 688):
        b.box(x - 9, 920, 18, 92, "#fffaf0", ink=4)
        b.halo(x, 898, 70, "#ffd870", 0.8)
        b.disc(x, 902, 11, "#ffb53a", ink=3)
    for x, w in ((L - 30, 400), (790, 400)):
        b.box(x, 1150, w, 300, _DARK_WOOD, round_=26)
        b.box(x + 20, 1110, w - 40, 70, _WOOD, round_=24)


def shop(b: Brush) -> None:
    """Draw a shop: shelves full of goods, a hanging sign, the till on the counter."""
    p = b.palette
    walls(b)
    goods = (p.accent, p.second, p.glow, "#6fb6d6", "#8fc57a", "#d98fbd")
    for row in range(4):
        y = 330 + row * 220
        b.box(L - 10, y + 160, W + 20, 26, "#8fa0b0")
        x = float(L + 10)
        while x < 1090:
            w = b.random.uniform(52, 96)
            h = b.random.uniform(84, 150)
            fill = b.random.choice(goods)
            b.box(x, y + 160 - h, w, h, fill, ink=4, round_=10 if b.random.random() < 0.5 else 2)
            b.box(x + 8, y + 160 - h * 0.66, w - 16, h * 0.3, "#ffffff", ink=0, alpha=0.75)
            x += w + b.random.uniform(4, 18)
    b.box(250, 150, 580, 120, p.accent, round_=26)
    b.line([(300, 210), (780, 210)], 20, "#ffffff")
    for x in (330, 750):
        b.line([(x, 60), (x, 150)], 8)
    b.box(L - 10, 1230, W + 20, 50, "#f3e2c4")
    b.box(L - 10, 1280, W + 20, 800, p.second)
    b.box(760, 1010, 270, 220, "#3b4252", round_=18)
    b.box(790, 1040, 210, 90, "#9fe0c0", ink=4)


def gym(b: Brush) -> None:
    """Draw a gym: mirror wall, a rack of weights, a bar, a punching bag."""
    p = b.palette
    b.fade(L, T, W, FLOOR_Y - T, "#4a566b" if is_night(b) else "#b9c9d6", "#e4edf2")
    b.box(L - 10, FLOOR_Y, W + 20, 900, "#3d4654")
    for i in range(3):
        b.box(30 + i * 340, 260, 310, 700, "#dbeef7", ink=7)
        b.shape(
            [(60 + i * 340, 900), (180 + i * 340, 290), (250 + i * 340, 290), (130 + i * 340, 900)],
            "#ffffff",
            ink=0,
            alpha=0.45,
        )
    b.box(L - 10, 160, W + 20, 60, p.accent, ink=5)
    b.line([(920, 60), (920, 360)], 12, "#7b8894")
    b.box(836, 360, 168, 470, "#b5394c", round_=70)
    b.line([(840, 500), (1000, 500)], 10)
    for y in (1010, 1130):
        b.box(20, y, 560, 26, "#6f7b88")
        for i in range(5):
            x = 70 + i * 112
            b.disc(x, y - 34, 36, "#262c36")
            b.disc(x, y - 34, 12, _STEEL, ink=3)
    b.line([(640, 1190), (1120, 1190)], 18, "#8a97a3")
    for x in (680, 1040):
        b.box(x, 1080, 54, 220, "#262c36", round_=16)


def meeting(b: Brush) -> None:
    """Draw a meeting room: a screen with a chart, glass wall, long table with chairs."""
    p = b.palette
    walls(b)
    b.box(180, 270, 720, 430, "#3b4252", round_=18)
    b.box(206, 296, 668, 378, "#f4f8fc", ink=4)
    for i, h in enumerate((90, 150, 120, 210, 270)):
        b.box(260 + i * 118, 640 - h, 72, h, (p.accent, p.second)[i % 2], ink=4)
    b.line([(250, 520), (400, 470), (520, 500), (650, 400), (830, 340)], 9, "#d8415a")
    for x in (L + 20, 1000):
        b.box(x, 230, 110, 800, "#bfe3ef", ink=6, alpha=0.8)
    for i in range(4):
        x = 20 + i * 290
        b.box(x, 930, 200, 260, "#39435a", round_=46)
    b.box(L - 10, 1180, W + 20, 70, _WOOD, round_=10)
    b.box(L - 10, 1250, W + 20, 800, _DARK_WOOD)
    for x in (110, 760):
        b.box(x, 1110, 190, 74, "#e9eef4", ink=5)
        b.disc(x + 260, 1140, 34, "#ffffff", ink=5)


def car(b: Brush) -> None:
    """Draw the inside of a car: windscreen with the road, mirror, steering wheel, dashboard."""
    import skia

    night = is_night(b)
    b.fade(L, T, W, 1100, "#1b1740" if night else "#8fd0ef", "#6a4a80" if night else "#e7f4f8")
    b.shape([(L, 980), (L, 1150), (1140, 1150), (1140, 980)], "#6b7a55", ink=0)
    b.shape(list(_ROAD), "#5a5f6b", ink=5)
    for y, w in ((760, 8), (840, 14), (940, 22), (1060, 34)):
        b.shape([(540 - w / 2, y), (540 + w / 2, y), (540 + w, y + 60), (540 - w, y + 60)], "#f5e9b0", ink=0)
    for x, h in ((90, 240), (240, 180), (850, 210), (990, 280)):
        b.box(x, 700 - h, 100, h, "#39346a" if night else "#9fb7c9", ink=4)
        for row in range(2):
            b.box(x + 20, 724 - h + row * 66, 26, 34, "#ffd873" if night else "#e9f5fb", ink=0)
    frame = "#2a2f3d"
    b.shape([(L, T), (R, T), (R, 190), (L, 190)], frame, ink=0)
    b.shape([(L, T), (110, T), (40, 1120), (L, 1120)], frame)
    b.shape([(R, T), (970, T), (1040, 1120), (R, 1120)], frame)
    b.box(400, 190, 280, 100, "#39435a", round_=34)
    b.box(420, 206, 240, 68, "#bfd9e6", ink=3, round_=24)
    b.line([(540, 120), (540, 190)], 14, frame)
    b.box(L - 10, 1100, W + 20, 900, "#39404f")
    b.box(L - 10, 1090, W + 20, 80, "#4b5468")
    b.box(640, 1190, 330, 150, "#1d222c", round_=24)
    b.box(660, 1206, 290, 118, "#66c3d6" if not night else "#4a8fd0", ink=3)
    wheel = skia.Paint(AntiAlias=True, Color=0xFF1A1D26, Style=skia.Paint.kStroke_Style, StrokeWidth=54)
    b.canvas.drawCircle(250, 1390, 270, wheel)
    for angle in (0.1, math.pi - 0.1, math.pi / 2):
        b.line([(250, 1390), (250 + 250 * math.cos(angle), 1390 + 250 * math.sin(angle))], 40, "#1a1d26")
    b.disc(250, 1390, 84, "#2a2f3d")
