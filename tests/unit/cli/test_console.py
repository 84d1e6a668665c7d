"""The console of a command's data."""

from __future__ import annotations

import io
import sys

import pytest

from gt_common.cli.console import make_console


class LeftReader(io.StringIO):
    """An output whose reader has left, as `head` does."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_a_reader_that_leaves_does_not_end_the_program_as_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", LeftReader())
    console = make_console()
    with pytest.raises(BrokenPipeError):
        console.print("first")
