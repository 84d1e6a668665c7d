"""Writes the parts of docs/performance.md that come from the results: the table, and what was measured on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from bench import plots
from bench.figures import BEFORE, Figure
from bench.goals import Goal
from bench.places import ROOT
from bench.results import Results

PAGE = ROOT / "docs" / "performance.md"
IMAGES = ROOT / "docs" / "images"
PREFIX = "performance-"
PART = r"(<!-- {name}: written by make bench -->\n).*?(\n<!-- end of {name} -->)"
HEAD = "| measure | ours | beside | ratio | range | goal | reached |\n| -- | -- | -- | -- | -- | -- | -- |"
REACHED = {True: "yes", False: "**no**", None: "–"}


def number(value: float) -> str:
    """Return a number with three digits that count."""
    if value and abs(value) < 100:
        return f"{value:.3g}" if abs(value) >= 0.001 else f"{value:.1e}"
    return f"{value:,.0f}"


def spread(figure: Figure) -> str:
    """Return the least and the greatest ratio of the rounds; empty for a single round."""
    pairs = [
        ratio
        for ours, other in zip(figure.runs, figure.other_runs, strict=False)
        if (ratio := Figure("", "", figure.better, ours, other=other).ratio) is not None
    ]
    return f"{min(pairs):.2f}–{max(pairs):.2f}" if len(pairs) > 1 else "–"


def row(figure: Figure, against: str) -> str:
    """Return a figure's line of the table."""
    beside = "–"
    if figure.other is not None:
        name = f"{against[:7] or BEFORE}" if figure.beside == BEFORE else figure.beside
        beside = f"{name}: {number(figure.other)}"
    reached = Goal.read(figure.goal).reached(figure) if figure.goal else None
    cells = (
        figure.measure,
        f"{number(figure.ours)} {figure.unit}",
        beside,
        "–" if figure.ratio is None else f"{figure.ratio:.2f}",
        spread(figure),
        figure.goal.replace(">=", "≥").replace("<=", "≤") or "–",
        REACHED[reached],
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def table(results: Results) -> str:
    """Return the table, with a line for each script that did not bring everything."""
    shown = results.shown()
    full = {measured.script for measured in results.full}
    lines = [HEAD]
    for measured in shown:
        kind = "" if measured.script in full else ", quick set only"
        lines.append(f"| **{measured.script}**{kind} |  |  |  |  |  |  |")
        lines += [row(figure, results.against) for figure in measured.figures if not figure.only_plot]
    failed = [f"- {one.script}: {one.failure}" for one in shown if one.failure]
    if failed:
        lines += ["", "Not measured to the end:", "", *failed]
    return "\n".join(lines)


def surroundings(results: Results) -> str:
    """Return machine and versions as a table."""
    lines = ["| what | which |", "| -- | -- |"]
    lines += [f"| {name} | {text} |" for name, text in results.surroundings.items()]
    if results.against:
        lines.append(f"| {BEFORE} | {results.against[:12]} |")
    return "\n".join(lines)


def pictures(results: Results) -> dict[str, str]:
    """Return the plots by file name: one for each series of at least three sizes."""
    found: dict[str, list[Figure]] = {}
    for measured in results.shown():
        for figure in measured.figures:
            if figure.series:
                found.setdefault(figure.series, []).append(figure)
    return {
        f"{PREFIX}{_slug(series)}.svg": plots.draw(series, figures)
        for series, figures in found.items()
        if len({figure.size for figure in figures}) > 2
    }


def filled(page: str, results: Results) -> str:
    """Return the page with its written parts replaced.

    Raises:
        ValueError: the page lacks the marks of a part
    """
    names = pictures(results)
    images = "\n\n".join(f"![{_words(name)}](images/{name})" for name in names) or "None yet."
    parts = {"table": table(results), "plots": images, "surroundings": surroundings(results)}
    for name, text in parts.items():
        pattern = re.compile(PART.format(name=name), re.DOTALL)
        if not pattern.search(page):
            raise ValueError(f"the page has no marks of the part {name!r}")
        page = pattern.sub(lambda found, text=text: f"{found[1]}\n{text}\n{found[2]}", page)  # type: ignore[misc]
    return page


def write(results: Results, page: Path = PAGE, images: Path = IMAGES) -> None:
    """Write the page and its plots; plots that are no longer drawn are removed."""
    page.write_text(filled(page.read_text(), results))
    wanted = pictures(results)
    for old in _drawn(images):
        if old.name not in wanted:
            old.unlink()
    for name, text in wanted.items():
        (images / name).write_text(text)


def _drawn(images: Path) -> Iterable[Path]:
    return images.glob(f"{PREFIX}*.svg")


def _slug(series: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", series.lower()).strip("-")


def _words(name: str) -> str:
    return name.removeprefix(PREFIX).removesuffix(".svg").replace("-", " ")


def stale(results: Results, page: Path = PAGE, images: Path = IMAGES) -> Iterator[str]:
    """Yield the files that do not say what the results say."""
    if page.read_text() != filled(page.read_text(), results):
        yield page.name
    wanted = pictures(results)
    yield from (old.name for old in _drawn(images) if old.name not in wanted)
    for name, text in wanted.items():
        if not (images / name).exists() or (images / name).read_text() != text:
            yield name
