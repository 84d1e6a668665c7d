"""How gt-doctor lays its findings out."""

from __future__ import annotations

import pytest

from gt_consumer.doctor.finding import as_lines, ok, warn

FINDINGS = [ok("broker", "answers"), warn("queues", "one two three " * 6 + "end", "fix " * 12 + "it")]


def test_one_line_each_where_no_terminal_limits_them() -> None:
    lines = as_lines(FINDINGS)
    assert len(lines) == 3
    assert lines[0] == "ok    broker  answers"
    assert lines[2].startswith(" " * 14 + "-> fix")


@pytest.mark.parametrize("columns", [45, 60, 80])
def test_a_command_to_copy_is_not_broken(columns: int) -> None:
    cure = "ask an administrator, or somebody else, to run `gt-topology declare --json` there"
    lines = as_lines([warn("queues", "missing", cure)], columns)
    assert any("`gt-topology declare --json`" in line for line in lines)
    assert " ".join(" ".join(lines).split()).endswith(cure)


def test_long_lines_are_broken_behind_the_margin_and_lose_no_word() -> None:
    lines = as_lines(FINDINGS, 50)
    assert max(map(len, lines)) <= 50
    assert all(line[:14].strip() in {"", "ok    broker", "warn  queues"} for line in lines)
    assert " ".join(lines).split() == " ".join(as_lines(FINDINGS)).split()


def test_a_terminal_too_narrow_to_break_in_is_left_to_break_itself() -> None:
    assert as_lines(FINDINGS, 30) == as_lines(FINDINGS)
