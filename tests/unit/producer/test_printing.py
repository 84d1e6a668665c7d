"""How far a long list is, as gt-produce says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gt_common.cli.counter import Counter
from gt_common.stories import read_list
from gt_common.stories.sources import Sources
from gt_producer.produce.command import run
from gt_producer.produce.request import Request


class Clock:
    """A clock that is set by the test."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_where_nobody_watches_a_terminal_a_line_is_printed_every_six_seconds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Clock()
    counter = Counter(clock)
    for seconds in range(31):
        clock.now = float(seconds)
        counter.show("published", 1_000 * seconds, 1_000_000)
    counter.clear()
    assert capsys.readouterr().err.splitlines() == [
        "published 6,000 of 1,000,000 stories",
        "published 12,000 of 1,000,000 stories",
        "published 18,000 of 1,000,000 stories",
        "published 24,000 of 1,000,000 stories",
        "published 30,000 of 1,000,000 stories",
    ]


def test_a_long_step_that_does_not_count_is_said_again_until_it_ends(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Clock()
    counter = Counter(clock)
    counter.step("planning", 300_000)
    for seconds in range(14):
        clock.now = float(seconds)
        counter.tick()
    counter.clear()
    clock.now = 60.0
    counter.tick()
    assert capsys.readouterr().err.splitlines() == ["planning 300,000 stories"] * 2


def test_every_step_of_a_dry_run_is_said_if_it_takes_long(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("gt_common.cli.counter._LINE_S", 0.0)
    monkeypatch.setenv("GT_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("GT_LEDGER_URL", f"sqlite:///{tmp_path / 'ledger.db'}")
    (tmp_path / "a.md").write_text("# A cup\n\nOnce upon a time.\n")
    assert run(Request(Sources((str(tmp_path / "a.md"),)), dry_run=True)) == 0
    steps = ["checking", "comparing with earlier batches", "planning", "listing"]
    said = [*dict.fromkeys(capsys.readouterr().err.splitlines())]
    assert [line for line in said if not line.startswith("dry run")] == [f"{step} 1 story" for step in steps]


def test_on_a_terminal_one_line_is_drawn_again_and_removed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    clock = Clock()
    counter = Counter(clock)
    clock.now = 1.0
    counter.show("read", 5_000, unit="line")
    counter.show("read", 10_000, unit="line")
    counter.clear()
    counter.clear()
    assert capsys.readouterr().err == "\rread 5,000 lines\x1b[K\r\x1b[K"


def test_a_long_list_says_how_far_it_is_while_it_is_read() -> None:
    counts: list[int] = []
    lines = (f"https://redd.it/s{number}" for number in range(12_000))
    assert len(read_list(lines, "x", Path("/"), on_lines=counts.append).stories) == 12_000
    assert counts == [5_000, 10_000]
