"""gt-report as users run it: as a process, on a ledger, with its output and exit code."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gt_common.errors import NoSuchBatchError
from gt_common.ledger import open_ledger, read_ledger
from gt_common.messages import Event, StoryCancelled, StoryFailed, StoryStarted, StorySucceeded
from gt_consumer.report.batch_list import print_batches
from gt_consumer.report.watch import wait_for
from support.ledger_versions import take_back
from support.samples.events import BATCH, opened, spent, story_event
from support.samples.reports import finished_events, open_events

COMMAND = Path(sys.executable).with_name("gt-report")


class Report:
    """Runs gt-report on its own ledger."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"sqlite:///{folder / 'ledger.db'}"

    def fill(self, events: list[Event]) -> None:
        """Put events into the ledger."""
        with open_ledger(self.url) as ledger:
            ledger.apply(events)

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of the command, in which only the ledger is set."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GT_")}
        return clean | {"GT_LEDGER_URL": self.url, "NO_COLOR": "1", "COLUMNS": "80"}

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, *arguments],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the command and let it run."""
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [COMMAND, *arguments], env=self.environment, cwd=self.folder, stdout=pipe, stderr=pipe, text=True
        )


@pytest.fixture
def gt_report(tmp_path: Path) -> Report:
    """Return a function that runs gt-report."""
    return Report(tmp_path)


def test_json_is_the_contract_document(gt_report: Report) -> None:
    gt_report.fill(finished_events())
    ran = gt_report(BATCH, "--json")
    document = json.loads(ran.stdout)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert (document["schema"], document["batch_id"], document["total"], document["failed"]) == (
        1,
        BATCH,
        5,
        3,
    )


@pytest.mark.parametrize("form", ["--json", "--csv", "--markdown"])
def test_a_report_of_an_older_ledger_upgrades_it_and_says_so_beside_the_report(
    gt_report: Report, form: str
) -> None:
    gt_report.fill(finished_events())
    before = gt_report(BATCH, form).stdout
    with open_ledger(gt_report.url) as ledger:
        take_back(ledger, "0009")
    ran = gt_report(BATCH, form)
    assert (ran.returncode, ran.stdout) == (0, before)
    said = json.loads(ran.stderr)
    assert (said["event"], said["schema"], said["level"]) == ("ledger_upgrade_started", "0009", "info")


def test_table_fits_a_terminal_of_80_columns(gt_report: Report) -> None:
    gt_report.fill(finished_events())
    ran = gt_report(BATCH)
    assert ran.returncode == 0
    assert "Failures by cause" in ran.stdout
    assert max(map(len, ran.stdout.splitlines())) <= 80
    assert "\x1b" not in ran.stdout


def test_csv_and_markdown(gt_report: Report) -> None:
    gt_report.fill(finished_events())
    rows = list(csv.DictReader(io.StringIO(gt_report(BATCH, "--csv").stdout)))
    assert [row["status"] for row in rows] == ["success", "failed", "failed", "failed", "success"]
    assert gt_report(BATCH, "--markdown").stdout.startswith("# Batch Five stories\n")


def test_page_is_written_and_its_place_said(gt_report: Report) -> None:
    gt_report.fill(finished_events())
    ran = gt_report(BATCH, "--html", "pages/report.html")
    assert (ran.returncode, ran.stdout) == (0, "")
    assert ran.stderr == "report written to pages/report.html\n"
    assert "5 of 5 finished" in (gt_report.folder / "pages" / "report.html").read_text()


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([opened(1), story_event(StorySucceeded)], 0),
        ([opened(1), story_event(StoryFailed)], 1),
        ([opened(2), story_event(StoryFailed)], 8),
        ([opened(1), story_event(StoryStarted)], 8),
    ],
)
def test_exit_status_judges_the_batch(gt_report: Report, events: list[Event], code: int) -> None:
    gt_report.fill(events)
    assert gt_report(BATCH, "--exit-status").returncode == code
    assert gt_report(BATCH).returncode == 0


def test_unknown_batch_suggests_near_ones(gt_report: Report) -> None:
    gt_report.fill(finished_events())
    ran = gt_report("bacth-1", "--json")
    assert (ran.returncode, ran.stdout) == (6, "")
    assert ran.stderr == "gt-report: no batch 'bacth-1' in the ledger; did you mean batch-1?\n"
    assert "lists the batches" in gt_report("zzz").stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([BATCH, "--json", "--csv"], "--json and --csv cannot be combined"),
        (["--watch"], "--watch needs a batch id"),
        (["--exit-status"], "--exit-status needs a batch id"),
        (["--html", "x.html"], "--html needs a batch id"),
        ([BATCH, "--html", "."], "--html needs a file"),
        ([BATCH, "--watch", "--interval", "soon"], "invalid duration 'soon'"),
        ([BATCH, "--watch", "--interval", "0s"], "--interval must be between"),
    ],
)
def test_wrong_use_leaves_with_2(gt_report: Report, arguments: list[str], said: str) -> None:
    ran = gt_report(*arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert said in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_unreachable_ledger_leaves_with_3_and_tells_no_password(gt_report: Report) -> None:
    gt_report.url = "postgresql://me:hidden-word@127.0.0.1:1/none"
    ran = gt_report(BATCH)
    assert ran.returncode == 3
    assert "hidden-word" not in ran.stderr


def test_list_of_batches(gt_report: Report) -> None:
    assert json.loads(gt_report("--json").stdout) == []
    assert "No batches yet" in gt_report().stdout
    gt_report.fill(finished_events())
    assert json.loads(gt_report("--json").stdout) == [
        {
            "batch_id": BATCH,
            "name": "Five stories",
            "state": "done_with_failures",
            "paused": None,
            "total": 5,
            "successful": 2,
            "failed": 3,
            "cancelled": 0,
            "opened_at": "2026-03-01T12:00:00Z",
            "cost": None,
            "cost_wasted": None,
            "currency": "USD",
        }
    ]
    listed = gt_report().stdout
    assert BATCH in listed
    assert "CANCELLED" not in listed
    gt_report.fill([opened(2, batch_id="off"), story_event(StoryCancelled, 1, batch_id="off")])
    head, *rows = gt_report().stdout.splitlines()
    assert head.split() == ["BATCH", "NAME", "STATE", "TOTAL", "OK", "FAILED", "CANCELLED", "OPENED"]
    (cancelled,) = (row.split() for row in rows if row.startswith("off "))
    assert cancelled[cancelled.index("open") + 1 :][:4] == ["2", "0", "0", "1"]
    gt_report.fill([spent(1, batch_id="off", cost={"elevenlabs": 1_250_000})])
    head, *rows = gt_report().stdout.splitlines()
    assert head.split() == ["BATCH", "STATE", "TOTAL", "OK", "FAILED", "CANCELLED", "COST", "OPENED"]
    (paid,) = (row.split() for row in rows if row.startswith("off "))
    assert paid[paid.index("open") + 1 :][:5] == ["2", "0", "0", "1", "1.25"]


@pytest.mark.parametrize("width", [40, 50, 65, 80])
def test_a_narrow_list_of_batches_has_fewer_columns_and_all_of_each(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, gt_report: Report
) -> None:
    gt_report.fill([opened(12_000, batch_id="night"), story_event(StoryCancelled, 2, batch_id="night")])
    gt_report.fill([spent(1, batch_id="night", cost={"voice": 5_000_000_000_000})])
    monkeypatch.setenv("COLUMNS", str(width))
    with read_ledger(gt_report.url) as ledger:
        print_batches(ledger, "USD", as_json=False)
    head, row = capsys.readouterr().out.splitlines()
    assert (head.split()[:5], row.split()[:5]) == (
        ["BATCH", "STATE", "TOTAL", "OK", "FAILED"],
        ["night", "open", "12000", "0", "0"],
    )
    assert max(len(head), len(row)) <= width
    assert "…" not in row
    assert ("COST" in head, "OPENED" in head, "CANCELLED" in head) == (width >= 50, width >= 65, width >= 80)


def test_watch_follows_to_the_end_and_judges(gt_report: Report) -> None:
    gt_report.fill([opened(2), story_event(StorySucceeded, 1)])
    running = gt_report.start(BATCH, "--watch", "--interval", "50ms", "--exit-status", "--json")
    assert running.stderr is not None
    assert running.stderr.readline() == "[1/2]  50 %  1 ok\n"
    gt_report.fill([story_event(StoryFailed, 2)])
    out, said = running.communicate(timeout=60)
    assert said == "[2/2] 100 %  1 ok  1 failed\n"
    assert json.loads(out)["state"] == "done_with_failures"
    assert running.returncode == 1


def test_watch_waits_for_a_batch_that_was_just_published(gt_report: Report) -> None:
    gt_report.fill([opened(1, batch_id="other")])
    running = gt_report.start(BATCH, "--watch", "--interval", "50ms", "--json")
    gt_report.fill([opened(1), story_event(StorySucceeded, 1)])
    out, _ = running.communicate(timeout=60)
    assert (running.returncode, json.loads(out)["state"]) == (0, "done")


def test_a_batch_that_never_comes_says_what_may_be_missing(gt_report: Report) -> None:
    gt_report.fill([opened(1, batch_id="other")])
    with (
        open_ledger(gt_report.url) as ledger,
        pytest.raises(NoSuchBatchError, match="is gt-aggregate running"),
    ):
        wait_for(ledger, BATCH, seconds=0.2, interval=0.05)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_watch_leaves_cleanly_on_a_signal(gt_report: Report, number: signal.Signals, code: int) -> None:
    gt_report.fill(open_events())
    running = gt_report.start(BATCH, "--watch", "--interval", "50ms")
    assert running.stderr is not None
    assert running.stderr.readline().startswith("[3/8]")
    running.send_signal(number)
    out, said = running.communicate(timeout=60)
    assert (running.returncode, out, said) == (code, "", "")


def test_help_names_the_exit_codes_and_loads_nothing_heavy(gt_report: Report) -> None:
    ran = gt_report("--help")
    assert ran.returncode == 0
    assert "8 --exit-status: not finished yet" in " ".join(ran.stdout.split())
    heavy = "{'pydantic', 'sqlalchemy', 'jinja2'}"
    probe = f"import sys, gt_consumer.report.cli; print([*({heavy} & set(sys.modules))])"
    loaded = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=60)
    assert loaded.stdout == "[]\n"


def test_a_table_in_a_pipe_is_wide_enough_for_its_errors_and_file_names(gt_report: Report) -> None:
    gt_report.fill(finished_events())
    environment = {name: value for name, value in gt_report.environment.items() if name != "COLUMNS"}
    arguments: list[str | Path] = [COMMAND, BATCH]
    wide = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=60)
    narrow = gt_report(BATCH)
    assert max(map(len, wide.stdout.splitlines())) > 100
    assert max(map(len, narrow.stdout.splitlines())) <= 80


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_an_encoding_without_the_characters_replaces_them(gt_report: Report, encoding: str) -> None:
    gt_report.fill([opened(1, name="Émile 🗣"), story_event(StoryStarted, 1, worker="wörker")])
    environment = gt_report.environment | {"PYTHONIOENCODING": encoding}
    for form in ([], ["--markdown"], ["--csv"], ["--json"]):
        ran = subprocess.run([COMMAND, BATCH, *form], env=environment, capture_output=True, timeout=60)
        assert (ran.returncode, ran.stderr) == (0, b"")
        if form == ["--json"]:
            document = json.loads(ran.stdout)
            assert (document["name"], document["results"][0]["worker"]) == ("Émile 🗣", "wörker")
        else:
            assert "mile" in ran.stdout.decode(encoding) or form == ["--csv"]


def test_csv_in_a_file_is_recognised_by_spreadsheets(gt_report: Report, tmp_path: Path) -> None:
    gt_report.fill([opened(1), story_event(StoryStarted, 1, worker="wörker")])
    path = tmp_path / "report.csv"
    for _ in range(2):
        with path.open("ab") as file:
            subprocess.run(
                [COMMAND, BATCH, "--csv"],
                env=gt_report.environment | {"PYTHONIOENCODING": "ascii"},
                stdout=file,
                check=True,
                timeout=60,
            )
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbfbatch_id,")
    assert content.count(b"\xef\xbb\xbf") == 1
    assert "wörker" in content.decode()
    assert gt_report(BATCH, "--csv").stdout.startswith("batch_id,")
