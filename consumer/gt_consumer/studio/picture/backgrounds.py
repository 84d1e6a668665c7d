"""Draws places where people live and go out: rooms and streets of simple shapes in the colours of the act."""

from __future__ import annotations

import math

from gt_consumer.studio.picture.brush import Brush
from gt_consumer.studio.picture.scenery import FLOOR_Y, H, L, T, W, frames, is_night, walls, window


def room(b: Brush) -> None:
    """Draw a living room: window with curtains, pictures, lamp and sofa."""
    p = b.palette
    walls(b)
    window(b, 560, 330, 420, 560, is_night(b))
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
    frames(b, 70, 360)
    b.box(-40, 1120, 560, 320, p.second, round_=60)
    b.box(-60, 1010, 480, 220, p.second, round_=50)
    b.halo(240, 760, 300, p.glow, 0.5)
    b.line([(240, 860), (240, 1240)], 12)
    b.shape([(170, 860), (310, 860), (280, 700), (200, 700)], p.glow)


def kitchen(b: Brush) -> None:
    """Draw a kitchen: cupboards, tiles, shelf, fridge and a kettle on the counter."""
    p = b.palette
    walls(b)
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
    walls(b)
    window(b, 90, 300, 520, 520, is_night(b))
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
    walls(b)
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
    night = is_night(b)
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
    b.fade(L, T, W, FLOOR_Y - T, "#2a2452", "#54427e")
    b.halftone(L, 700, W, 580, "#1a1538", 0.25)
    b.box(L - 10, FLOOR_Y, W + 20, 900, "#231b40")
    window(b, 120, 300, 420, 520, True)
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
