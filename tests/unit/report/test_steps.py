"""Commands to copy and paths in the table are whole at every width."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from gt_common.messages import GT_BATCH, utc_now
from gt_common.report.building import WholeBatch, build_report, screenful_of_whole
from gt_common.report.table import render
from gt_common.report.view import next_commands
from gt_common.texts import short_path
from support.samples.reports import finished, page


@pytest.mark.parametrize("width", [30, 60, 80, 100])
def test_a_command_to_copy_is_on_one_line(width: int) -> None:
    out = io.StringIO()
    now = utc_now()
    shown = screenful_of_whole(WholeBatch.of_state(finished()), now)
    Console(file=out, width=width).print(render(shown, now), crop=False)
    lines = out.getvalue().splitlines()
    steps = lines[lines.index("Next") + 1 :] if "Next" in lines else [line.rstrip() for line in lines[-6:]]
    commands = [line.strip() for line in steps if line.startswith("  gt-")]
    assert [command.split("  ")[0] for command in commands] == [
        "gt-dlq list --batch batch-1",
        "gt-dlq replay --batch batch-1",
        "gt-report batch-1 --html report.html",
    ]


def test_no_step_writes_the_page_that_is_there() -> None:
    now = utc_now()
    report = build_report(finished(), now)
    assert "gt-report batch-1 --html" not in page(finished())
    local = report.model_copy(update={"made_by": GT_BATCH})
    assert next_commands(local) == [("gt-batch --retry-failed batch-1", "retry the failed stories")]


def test_messages_that_cannot_be_read_are_not_to_be_replayed() -> None:
    report = build_report(finished(), utc_now())
    (group, *_) = report.failure_groups
    unread = group.model_copy(update={"error_type": "MalformedMessage"})
    only = report.model_copy(update={"failure_groups": (unread,)})
    assert [command for command, _ in next_commands(only, page=True)] == [
        "gt-dlq list --unreadable --batch batch-1",
        "gt-dlq discard --unreadable --batch batch-1",
    ]
    mixed = report.model_copy(update={"failure_groups": (unread, group)})
    assert "gt-dlq replay --batch batch-1" in dict(next_commands(mixed))


def test_a_path_below_the_current_folder_is_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert short_path(tmp_path / "outputs" / "b") == "outputs/b"
    assert short_path(tmp_path) == str(tmp_path)
    assert short_path("/elsewhere/b") == "/elsewhere/b"
    assert short_path("s3://bucket/b") == "s3://bucket/b"
