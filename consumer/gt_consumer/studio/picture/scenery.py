"""What several places have: walls, windows, framed pictures; coordinates are those of the frame.

A frame has 1080 by 1920 units, and the margin around it is drawn too.
"""

from __future__ import annotations

from gt_consumer.studio.picture.brush import Brush
from gt_consumer.studio.picture.layout import HEIGHT, MARGIN_X, MARGIN_Y, WIDTH

L, T, R, B = -MARGIN_X, -MARGIN_Y, WIDTH + MARGIN_X, HEIGHT + MARGIN_Y
W, H = R - L, B - T
FLOOR_Y = 1280


def walls(b: Brush, floor_y: float = FLOOR_Y) -> None:
    """Draw the wall and the floor of a room."""
    p = b.palette
    b.fade(L, T, W, floor_y - T, p.wall, p.wall_low)
    b.halftone(L, floor_y - 420, W, 420, p.floor, 0.16)
    b.box(L - 10, floor_y, W + 20, B - floor_y + 10, p.floor)
    b.box(L - 10, floor_y - 34, W + 20, 34, p.wall_low, ink=5)


def window(b: Brush, x: float, y: float, w: float, h: float, night: bool) -> None:
    """Draw a window with a town behind it."""
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


def frames(b: Brush, x: float, y: float) -> None:
    """Draw three framed pictures."""
    p = b.palette
    for dx, dy, w, h in ((0, 0, 130, 160), (165, 40, 110, 120), (20, 200, 120, 110)):
        b.box(x + dx, y + dy, w, h, "#fff6e6")
        b.box(x + dx + 18, y + dy + 18, w - 36, h - 36, b.random.choice((p.accent, p.second, p.floor)), ink=3)


def is_night(b: Brush) -> bool:
    """Whether the colours of the act are those of a night."""
    return int(b.palette.wall[1:3], 16) < 150
