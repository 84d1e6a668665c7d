"""Figures: what the scripts print and how it is compared."""

from __future__ import annotations

import pytest

from bench.figures import Figure, alternate, arguments, show
from bench.goals import Goal
from bench.running import scripts


def test_the_ratio_says_how_many_times_better_ours_is() -> None:
    assert Figure("m", "s", "less", 2.0, other=6.0).ratio == 3
    assert Figure("m", "1/s", "more", 2.0, other=4.0).ratio == 0.5
    assert Figure("m", "s", "less", 2.0).ratio is None


def test_there_is_no_ratio_to_nothing() -> None:
    assert Figure("m", "scans", "less", 0.0, other=6.0).ratio is None
    assert Figure("m", "1/s", "more", 6.0, other=0.0).ratio is None


def test_a_figure_is_printed_beside_each_side(capsys: pytest.CaptureFixture[str]) -> None:
    values = {"ours": [1.0, 3.0, 2.0], "before": [8.0, 7.0, 9.0], "celery": [5.0]}
    show("start", "s", "less", values, goal={"before": "ratio >= 4"}, series="start", size=10)
    before, celery = map(Figure.read, capsys.readouterr().out.splitlines())
    assert (before.ours, before.other, before.beside, before.goal) == (2, 8, "before", "ratio >= 4")
    assert (before.runs, before.other_runs) == ((1, 3, 2), (8, 7, 9))
    assert (celery.ours, celery.other, celery.beside, celery.goal) == (2, 5, "celery", "")
    assert (before.series, before.size) == ("start", 10)


def test_a_figure_alone_is_printed_once(capsys: pytest.CaptureFixture[str]) -> None:
    show("memory", "MB", "less", {"ours": [123.4567891]}, goal="<= 150")
    (figure,) = map(Figure.read, capsys.readouterr().out.splitlines())
    assert figure == Figure("memory", "MB", "less", 123.46, (123.46,), goal="<= 150")


@pytest.mark.parametrize(
    "line",
    [
        "ours: 3/s",
        "[1]",
        '{"measure": "m"}',
        '{"measure": "m", "unit": "s", "better": "lower", "ours": 1}',
        '{"measure": "m", "unit": "s", "better": "less", "ours": 1, "with": "celery"}',
    ],
)
def test_a_line_that_is_not_a_figure_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"not a figure|better is"):
        Figure.read(line)


def test_sides_take_turns_in_both_orders() -> None:
    calls: list[str] = []

    def side(name: str) -> int:
        calls.append(name)
        return len(calls)

    found = alternate({"ours": lambda: side("ours"), "before": lambda: side("before")}, 3)
    assert calls == ["ours", "before", "before", "ours", "ours", "before"]
    assert found == {"ours": [1, 4, 5], "before": [2, 3, 6]}


@pytest.mark.parametrize(
    ("goal", "figure", "reached"),
    [
        ("ratio >= 4", Figure("m", "s", "less", 1.0, other=4.0), True),
        ("ratio >= 4", Figure("m", "s", "less", 1.0, other=3.9), False),
        ("ratio >= 4", Figure("m", "s", "less", 1.0), None),
        ("<= 0.05", Figure("m", "ms", "less", 0.05), True),
        (">= 0.99", Figure("m", "SSIM", "more", 0.98, other=0.5), False),
    ],
)
def test_a_goal_is_reached_or_not(goal: str, figure: Figure, reached: bool | None) -> None:
    assert Goal.read(goal).reached(figure) is reached


@pytest.mark.parametrize("text", ["1.5", "<= 150 MB", "ratio > 3", "ratio >= 3 at 10,000"])
def test_a_goal_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a goal"):
        Goal.read(text)


def test_every_benchmark_has_the_same_arguments() -> None:
    given = arguments("doc").parse_args(["--quick", "--large", "--rounds", "2", "--against", "."])
    assert (given.quick, given.large, given.rounds, str(given.against)) == (True, True, 2, ".")
    other = [name for name, path in scripts().items() if "arguments(__doc__" not in path.read_text()]
    assert other == []
