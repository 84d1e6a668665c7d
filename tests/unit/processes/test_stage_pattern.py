"""Stages in what programs print that know nothing of this project."""

from __future__ import annotations

import re
import signal

import pytest
from structlog.testing import capture_logs

from gt_common.errors import UsageError
from gt_common.settings import load_settings
from gt_consumer.processes.stage_pattern import StageFinder

YT_DLP = r"\[(?P<stage>download|Merger)\] +(?:(?P<percent>[\d.]+)%)?"
LOGGING = r"INFO:[\w.]+:stage (\w+)(?: (?P<fraction>[\d.]+))?"


@pytest.mark.parametrize(
    ("pattern", "line", "stage", "fraction"),
    [
        (YT_DLP, "[download]  12.5% of 3.00MiB at 1.00MiB/s", "download", 0.125),
        (YT_DLP, "[Merger] Merging formats", "Merger", None),
        (LOGGING, "INFO:pipeline.voice:stage narration 0.5", "narration", 0.5),
        (LOGGING, "INFO:pipeline.voice:stage narration", "narration", None),
        ("[Rr]endering", "12:00 Rendering scene 3", "Rendering", None),
        (r"(?P<percent>\d+)%", "45% done", "working", 0.45),
        (r"(?P<percent>\S+)%", "x% done", "working", None),
        (r"(?P<percent>[\d,]+)%", "12,5%", "working", 0.125),
        (r"(?P<percent>\d+)%", "250%", "working", 1.0),
        ("(.*)", "x" * 5000, "x" * 200, None),
    ],
)
def test_a_line_names_a_stage(pattern: str, line: str, stage: str, fraction: float | None) -> None:
    found = StageFinder(re.compile(pattern)).find(line.encode())
    assert found is not None
    assert (found.stage, found.fraction) == (stage, fraction)


@pytest.mark.parametrize("line", ["", "[info] x", "\xff"])
def test_other_lines_name_none(line: str) -> None:
    assert StageFinder(re.compile(YT_DLP)).find(line.encode("latin-1")) is None


def test_a_share_without_a_name_belongs_to_the_last_stage() -> None:
    finder = StageFinder(re.compile(r"(?:stage=(?P<stage>\w+))|(?P<percent>\d+)%"))
    found = [finder.find(line) for line in (b"stage=render", b"40%")]
    assert [(one.stage, one.fraction) for one in found if one] == [("render", None), ("render", 0.4)]


def test_a_pattern_that_is_none_is_refused_with_the_setting() -> None:
    with pytest.raises(UsageError, match="GT_STAGE_PATTERN: "):
        load_settings(stage_pattern="(")


def test_a_pattern_that_would_take_for_ever_is_given_up_with_a_word() -> None:
    finder = StageFinder(re.compile("(a+)+$"))
    with capture_logs() as logs:
        assert finder.find(b"a" * 50 + b"b") is None
        assert finder.find(b"aaa") is None
    assert [(line["event"], line["pattern"]) for line in logs] == [("stage_search_stopped", "(a+)+$")]
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGVTALRM) is signal.SIG_DFL
