"""Draws plots as SVG that can be read on a light and on a dark page; both axes are logarithmic."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from bench.figures import BEFORE, OURS, Figure

WIDTH, HEIGHT = 640, 320
LEFT, RIGHT, TOP, BOTTOM = 70, 620, 44, 280
COLOURS = (("#0b62c4", "#6cb2ff"), ("#b3500b", "#ffab66"), ("#23743a", "#73d08c"), ("#7a3ea8", "#cf9cf5"))
"""For a light and for a dark page; each has a contrast of 4.5 or more there."""
MARKS = ("circle", "square", "triangle", "diamond")
STYLE = """text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600; font-size: 13px }
.grid { stroke: #d0d7de; stroke-width: 1 }
.line { fill: none; stroke-width: 2 }"""
DARK = """text { fill: #e6edf3 }
.grid { stroke: #3d444d }"""

Point = tuple[float, float]


@dataclass(frozen=True)
class Scale:
    """A logarithmic axis over whole decades, from `low` at `first` to `high` at `last`."""

    low: int
    high: int
    first: float
    last: float

    @classmethod
    def over(cls, values: Sequence[float], first: float, last: float) -> Scale:
        """Return the axis that holds all values, which are above 0."""
        low = math.floor(math.log10(min(values)) + 1e-9)
        return cls(low, max(low + 1, math.ceil(math.log10(max(values)) - 1e-9)), first, last)

    def place(self, value: float) -> float:
        """Return where a value is."""
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return round(self.first + share * (self.last - self.first), 1)

    def decades(self) -> list[int]:
        """Return the exponents of its lines."""
        return list(range(self.low, self.high + 1))


def draw(series: str, figures: Iterable[Figure]) -> str:
    """Return the plot of a series: our numbers and the others', by size.

    Parameters:
        figures: those with a size; numbers of 0 or less cannot be drawn and are left out
    """
    found = [figure for figure in figures if figure.size]
    curves = _curves(found)
    numbers = [value for points in curves.values() for _, value in points]
    across = Scale.over([size for points in curves.values() for size, _ in points], LEFT, RIGHT)
    up = Scale.over(numbers, BOTTOM, TOP)
    body = [
        f'<text class="title" x="{LEFT}" y="20">{escape(f"{series}, {found[0].unit}")}</text>',
        *_axes(across, up),
    ]
    for number, (name, points) in enumerate(curves.items()):
        body += _curve(number, name, [(across.place(size), up.place(value)) for size, value in points])
    light, dark = (
        "\n".join(
            f".c{n} {{ stroke: {pair[kind]} }} .f{n} {{ fill: {pair[kind]} }}"
            for n, pair in enumerate(COLOURS)
        )
        for kind in (0, 1)
    )
    style = f"{STYLE}\n{light}\n@media (prefers-color-scheme: dark) {{\n{DARK}\n{dark}\n}}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
    title = f"<title>{escape(series)}: {', '.join(map(escape, curves))}</title>"
    return "\n".join([head, title, f"<style>\n{style}\n</style>", *body, "</svg>", ""])


def _curves(figures: Sequence[Figure]) -> dict[str, list[Point]]:
    curves: dict[str, list[Point]] = {}
    for figure in figures:
        assert figure.size is not None
        for name, value in ((OURS, figure.ours), (figure.beside or BEFORE, figure.other)):
            point = (float(figure.size), value)
            if value is not None and value > 0 and point not in curves.get(name, []):
                curves.setdefault(name, []).append((float(figure.size), value))
    return {name: sorted(points) for name, points in curves.items()}


def _axes(across: Scale, up: Scale) -> list[str]:
    lines = []
    for decade in across.decades():
        x = across.place(10.0**decade)
        lines.append(f'<path class="grid" d="M{x} {TOP}V{BOTTOM}"/>')
        lines.append(f'<text x="{x}" y="{BOTTOM + 18}" text-anchor="middle">{10**decade:,}</text>')
    for decade in up.decades():
        y = up.place(10.0**decade)
        label = f"{10**decade:,}" if decade >= 0 else f"{10.0**decade:.{-decade}f}"
        lines.append(f'<path class="grid" d="M{LEFT} {y}H{RIGHT}"/>')
        lines.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{label}</text>')
    return lines


def _curve(number: int, name: str, points: Sequence[Point]) -> list[str]:
    """Return a line with its marks, and its name below the plot. Marks differ, for the colour-blind."""
    kind = number % len(COLOURS)
    path = "L".join(f"{x} {y}" for x, y in points)
    label = LEFT + 110 * number
    return [
        f'<path class="line c{kind}" d="M{path}"/>',
        *(_mark(kind, x, y) for x, y in points),
        _mark(kind, label + 5, HEIGHT - 10),
        f'<text x="{label + 16}" y="{HEIGHT - 6}">{escape(name)}</text>',
    ]


def _mark(kind: int, x: float, y: float) -> str:
    shapes = {
        "circle": f"M{x - 4} {y}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0",
        "square": f"M{x - 4} {y - 4}h8v8h-8z",
        "triangle": f"M{x} {y - 5}l5 9h-10z",
        "diamond": f"M{x} {y - 5}l5 5l-5 5l-5 -5z",
    }
    return f'<path class="f{kind}" d="{shapes[MARKS[kind]]}"/>'
