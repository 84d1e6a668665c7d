"""A report that takes long says how far it is, on standard error."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from gt_common.ledger import open_ledger
from gt_consumer.report import printing
from gt_consumer.report.command import run
from gt_consumer.report.request import Form, Request
from support.samples.events import BATCH
from support.samples.reports import finished_events

_SAID: Final = ["copying the batch", "read 0 of 5 stories", "read 2 of 5 stories", "read 4 of 5 stories"]


@pytest.fixture
def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every step count as one that takes long."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    monkeypatch.setenv("GT_LEDGER_URL", url)
    monkeypatch.setattr("gt_common.cli.counter._LINE_S", 0.0)
    monkeypatch.setattr(printing, "_BETWEEN", 2)
    with open_ledger(url) as ledger:
        ledger.apply(finished_events())


def request(form: Form = "table", html: Path | None = None) -> Request:
    """Make the request for the report of the batch."""
    return Request(BATCH, form, watch=False, interval=1.0, exit_status=False, html=html, all=False)


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown"])
def test_every_form_says_it(form: Form, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(request(form)) == 0
    out, err = capsys.readouterr()
    assert [*dict.fromkeys(err.splitlines())] == [*_SAID, "writing 5 stories"]
    assert "of 5 stories" not in out


@pytest.mark.usefixtures("slow")
def test_a_page_says_it_before_its_place(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert run(request(html=page)) == 0
    said = [*dict.fromkeys(capsys.readouterr().err.splitlines())]
    assert said == [*_SAID, "writing 5 stories", f"report written to {page}"]


@pytest.mark.usefixtures("slow")
def test_a_report_on_a_terminal_is_watched_itself(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert run(request("csv")) == 0
    assert capsys.readouterr().err == ""
