"""make bench-check: a ratio that fell by more than a fifth is named; noise of one run is not."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from bench import cli
from bench.check import best, fallen
from bench.figures import Figure
from bench.results import Measured, Results
from bench.running import Outcome

A, B = ("view", "an event", "before"), ("worker", "stories", "celery")


def test_a_ratio_has_fallen_below_four_fifths_of_the_page() -> None:
    page = {A: 10.0, B: 2.0}
    assert fallen(page, {A: 8.0, B: 1.6}) == []
    assert [one.key for one in fallen(page, {A: 7.99, B: 1.7})] == [A]


def test_the_message_names_the_measure_and_both_ratios() -> None:
    (low,) = fallen({A: 10.0}, {A: 7.0})
    assert str(low) == "view: an event (beside before): 10.00 on the page, now 7.00 (-30 %)"


def test_a_ratio_that_is_missing_counts_as_fallen() -> None:
    (low,) = fallen({A: 10.0}, {B: 3.0})
    assert str(low) == "view: an event (beside before): 10.00 on the page, now not measured"


def test_the_better_of_two_runs_counts() -> None:
    assert best({A: 3.0}, {A: 2.0, B: 1.0}) == {A: 3.0, B: 1.0}


@pytest.fixture
def checked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[Mapping[str, Sequence[float]]], tuple[int, list[str], list[str]]]:
    """Check scripts that have the ratios 10 on the page and the given ones in each run."""

    def check(runs: Mapping[str, Sequence[float]]) -> tuple[int, list[str], list[str]]:
        left: dict[str, Iterator[float]] = {name: iter(found) for name, found in runs.items()}
        started: list[str] = []

        def run(script: Path, options: Sequence[str], _: Mapping[str, str], __: float) -> Outcome:
            assert options == ["--quick"]
            started.append(script.stem)
            return Outcome(script.stem, [figure(next(left[script.stem]))])

        page = Results(quick=tuple(Measured(name, (figure(10.0),)) for name in runs))
        monkeypatch.setattr(cli, "run", run)
        monkeypatch.setattr(Results, "load", lambda: page)
        bench = cli.Bench({name: Path(name) for name in runs}, dict(os.environ), None, time.monotonic() + 60)
        code = cli.check_ratios(bench)
        return code, started, [line for line in capsys.readouterr().out.splitlines() if "fallen" in line]

    return check


def figure(ratio: float) -> Figure:
    return Figure("m", "1/s", "more", ratio, other=1.0, beside="before")


Checked = Callable[[Mapping[str, Sequence[float]]], tuple[int, list[str], list[str]]]


def test_ratios_as_on_the_page_pass(checked: Checked) -> None:
    assert checked({"view": [9.0], "worker": [12.0]}) == (0, ["view", "worker"], [])


def test_only_what_is_low_is_measured_again(checked: Checked) -> None:
    assert checked({"view": [9.0], "worker": [5.0, 11.0]}) == (0, ["view", "worker", "worker"], [])


def test_what_stays_low_fails_and_is_named(checked: Checked) -> None:
    code, started, said = checked({"view": [9.0], "worker": [5.0, 6.0, 4.0]})
    assert (code, started) == (1, ["view", "worker", "worker", "worker"])
    assert said == ["fallen: worker: m (beside before): 10.00 on the page, now 6.00 (-40 %)"]


def test_a_page_without_ratios_fails(checked: Checked, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checked({})[0] == 1


def test_an_unknown_benchmark_is_named_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--only", "view,nothing"])
    assert ended.value.code == 2
    assert "no benchmark nothing; there are " in capsys.readouterr().err


def test_an_unknown_revision_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--only", "view", "--against", "no-such-revision"])
    assert ended.value.code == 2
    assert "--against: no-such-revision is neither " in capsys.readouterr().err
