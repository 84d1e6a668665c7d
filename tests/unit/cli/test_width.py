"""One answer to how wide output may be."""

from __future__ import annotations

import io
import os
import sys

import pytest
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gt_common.cli.console import make_console
from gt_common.cli.width import WIDE, columns


class Terminal(io.StringIO):
    """A terminal of 91 columns."""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1


def on_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make standard output a terminal; not in a fixture, as pytest replaces the stream before the test."""
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setattr(os, "get_terminal_size", lambda *_: os.terminal_size((91, 30)))
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setenv("TERM", "xterm")


def test_lines_in_a_pipe_have_no_blanks_at_their_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setenv("COLUMNS", "80")
    table = Table(box=None, expand=True, show_header=False)
    table.add_row("first", "in two  words")
    console = make_console()
    console.print(Padding(Text("next: replay"), (0, 0, 0, 5)), table)
    assert isinstance(sys.stdout, io.StringIO)
    lines = sys.stdout.getvalue().splitlines()
    assert lines[0] == "     next: replay"
    assert lines[1].endswith("in two  words")
    assert all(line == line.rstrip() for line in lines)


@pytest.mark.parametrize(
    ("given", "expected"), [("100", 100), ("", WIDE), ("0", WIDE), ("wide", WIDE), ("-5", WIDE)]
)
def test_in_a_pipe_columns_decides_else_it_is_wide(
    monkeypatch: pytest.MonkeyPatch, given: str, expected: int
) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setenv("COLUMNS", given)
    assert columns() == make_console().width == expected


def test_a_terminal_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    on_terminal(monkeypatch)
    assert columns() == make_console().width == 91


@pytest.mark.parametrize(("given", "expected"), [("60", 60), ("0", 91)])
def test_columns_goes_before_the_terminal(monkeypatch: pytest.MonkeyPatch, given: str, expected: int) -> None:
    on_terminal(monkeypatch)
    monkeypatch.setenv("COLUMNS", given)
    assert columns() == make_console().width == expected


def test_a_terminal_without_a_size_is_80_columns_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    on_terminal(monkeypatch)
    monkeypatch.setattr(os, "get_terminal_size", lambda *_: os.terminal_size((0, 0)))
    assert columns() == 80
