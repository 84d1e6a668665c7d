"""docs/performance.md says what benchmarks/results.json says."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench import page, plots
from bench.figures import Figure
from bench.results import Measured, Results, ratios
from bench.running import scripts

VIEW = Figure("an event", "ms", "less", 0.02, (0.02, 0.03), 0.4, (0.4, 0.3), "before", "ratio >= 30")
RATE = Figure("stories", "1/s", "more", 12345.6, (12345.6,), 617.28, (617.28,), "celery", "ratio >= 1")
ALONE = Figure("memory", "MB", "less", 140.0, (140.0,), goal="<= 150")
RESULTS = Results(
    {"machine": "2 cores"},
    "a06ebcf000000000",
    (Measured("view", (VIEW,), 3.0), Measured("worker", (RATE, ALONE), 9.0, "stopped after 300 s")),
    (Measured("studio", (ALONE,), 1.0), Measured("view", (replace(VIEW, ours=0.04),), 1.0)),
)
MARKS = "".join(
    f"<!-- {name}: written by make bench -->\nold\n<!-- end of {name} -->\n"
    for name in ("table", "plots", "surroundings")
)


def series(sizes: tuple[int, ...] = (1000, 10_000, 100_000)) -> list[Figure]:
    return [
        replace(VIEW, measure=f"an event of {size}", series="an event", size=size, ours=size / 1e6)
        for size in sizes
    ]


def test_the_page_and_its_plots_are_those_of_the_results() -> None:
    assert list(page.stale(Results.load())) == [], "run: benchmarks/run --page"


def test_a_row_has_both_numbers_their_ratio_its_range_and_whether_the_goal_is_reached() -> None:
    lines = page.table(RESULTS).splitlines()
    assert "| an event | 0.02 ms | a06ebcf: 0.4 | 20.00 | 10.00–20.00 | ratio ≥ 30 | **no** |" in lines
    assert "| stories | 12,346 1/s | celery: 617 | 20.00 | – | ratio ≥ 1 | yes |" in lines
    assert "| memory | 140 MB | – | – | – | ≤ 150 | yes |" in lines


def test_a_point_of_a_plot_is_no_line_of_the_table() -> None:
    points = tuple(replace(one, only_plot=True) for one in series())
    results = replace(RESULTS, full=(Measured("view", (ALONE, *points), 3.0),))
    assert "an event" not in page.table(results)
    assert list(page.pictures(results)) == ["performance-an-event.svg"]


def test_a_failure_and_a_quick_figure_are_said() -> None:
    table = page.table(RESULTS)
    assert "- worker: stopped after 300 s" in table.splitlines()
    assert "| **studio**, quick set only |" in table
    assert "| **view** |" in table


def test_the_marked_parts_are_replaced_and_nothing_else() -> None:
    written = page.filled(f"before\n{MARKS}after\n", RESULTS)
    assert written.startswith("before\n")
    assert written.endswith("after\n")
    assert "old" not in written
    assert "| machine | 2 cores |\n| before | a06ebcf00000 |" in written
    assert page.filled(written, RESULTS) == written


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="no marks of the part"):
        page.filled("# Performance\n", RESULTS)


def test_writing_removes_old_plots_and_leaves_nothing_stale(tmp_path: Path) -> None:
    where = tmp_path / "page.md", tmp_path
    where[0].write_text(MARKS)
    (tmp_path / "performance-old.svg").touch()
    (tmp_path / "other.svg").touch()
    results = replace(RESULTS, full=(Measured("view", tuple(series())),))
    assert set(page.stale(results, *where)) == {"page.md", "performance-old.svg", "performance-an-event.svg"}
    page.write(results, *where)
    assert list(page.stale(results, *where)) == []
    assert {path.name for path in tmp_path.glob("*.svg")} == {"performance-an-event.svg", "other.svg"}
    assert "![an event](images/performance-an-event.svg)" in where[0].read_text()


def test_two_sizes_are_not_drawn() -> None:
    assert page.pictures(Results(full=(Measured("view", tuple(series((1000, 10_000)))),))) == {}


def test_a_plot_has_both_curves_and_colours_for_light_and_dark() -> None:
    figures = [*series(), replace(ALONE, series="an event", size=1_000_000)]
    drawn = ET.fromstring(plots.draw("an event <x>", figures))  # noqa: S314 - our own text
    texts = ["".join(found.itertext()) for found in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0] == "an event <x>, ms"
    assert {"1,000", "1,000,000", "0.001", "ours", "before"} <= set(texts)
    lines = [
        found.attrib["d"]
        for found in drawn.iter("{http://www.w3.org/2000/svg}path")
        if found.attrib["class"].startswith("line")
    ]
    assert [line.count("L") for line in lines] == [3, 2]
    style = drawn.find("{http://www.w3.org/2000/svg}style")
    assert style is not None
    assert "prefers-color-scheme: dark" in (style.text or "")


def test_an_axis_covers_whole_decades() -> None:
    axis = plots.Scale.over([3.0, 250.0], 0.0, 300.0)
    assert axis.decades() == [0, 1, 2, 3]
    assert [axis.place(value) for value in (1.0, 10.0, 1000.0)] == [0, 100, 300]
    assert plots.Scale.over([10.0], 0.0, 1.0).decades() == [1, 2]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.000012, "1.2e-05"),
        (0.0213456, "0.0213"),
        (7.0, "7"),
        (123.4, "123"),
        (54321.0, "54,321"),
    ],
)
def test_numbers_have_three_digits_that_count(value: float, text: str) -> None:
    assert page.number(value) == text


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    assert Results.load(file) == Results()
    RESULTS.write(file)
    assert Results.load(file) == RESULTS


def test_a_run_of_some_scripts_keeps_the_others() -> None:
    fresh = Results({"machine": "4 cores"}, "", (Measured("worker", (ALONE,)),))
    merged = RESULTS.replaced(fresh)
    assert [one.script for one in merged.full] == ["view", "worker"]
    assert merged.full[1].figures == (ALONE,)
    assert (merged.quick, merged.against, merged.surroundings) == (
        RESULTS.quick,
        RESULTS.against,
        {"machine": "4 cores"},
    )


def test_ratios_are_found_by_script_measure_and_side() -> None:
    assert ratios(RESULTS.full) == {
        ("view", "an event", "before"): pytest.approx(20),
        ("worker", "stories", "celery"): pytest.approx(20, rel=1e-3),
    }


def test_every_benchmark_has_a_word_on_what_limits_it() -> None:
    limits = page.PAGE.read_text().split("## What limits each figure\n", 1)[1]
    assert set(scripts()) - set(re.findall(r"^### (\w+)$", limits, re.MULTILINE)) == set()
