"""What gt-report was asked for, checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gt_common.durations import parse_duration
from gt_common.errors import UsageError

Form = Literal["table", "json", "csv", "markdown"]


@dataclass(frozen=True)
class Request:
    """A checked request.

    Parameters:
        batch_id: None for the list of batches
        interval: seconds between two reads of the ledger while watching
        html: file to write the report to as a page
        all: list every story in a table on a terminal, too
    """

    batch_id: str | None
    form: Form
    watch: bool
    interval: float
    exit_status: bool
    html: Path | None
    all: bool


def choose_form(*, as_json: bool, as_csv: bool, as_markdown: bool) -> Form:
    """Return the form that was asked for.

    Raises:
        UsageError: more than one was
    """
    flags: dict[Form, bool] = {"json": as_json, "csv": as_csv, "markdown": as_markdown}
    given: list[Form] = [form for form, wanted in flags.items() if wanted]
    if len(given) > 1:
        raise UsageError(f"--{given[0]} and --{given[1]} cannot be combined; choose one")
    return given[0] if given else "table"


def make_request(
    batch_id: str | None,
    form: Form,
    watch: bool,
    interval: str,
    exit_status: bool,
    html: Path | None,
    everything: bool,
) -> Request:
    """Check the options against each other.

    Parameters:
        interval: a duration such as `500ms`

    Raises:
        UsageError: an option needs a batch id, the interval is out of range, or the page is a folder
    """
    seconds = parse_duration(interval)
    if not 0.05 <= seconds <= 3600:
        raise UsageError(f"--interval must be between 50ms and 1h, not {interval}")
    if batch_id is None:
        need_id = {
            "--watch": watch,
            "--exit-status": exit_status,
            "--all": everything,
            "--html": html is not None,
            "--csv": form == "csv",
            "--markdown": form == "markdown",
        }
        for flag, given in need_id.items():
            if given:
                raise UsageError(f"{flag} needs a batch id; `gt-report` alone lists the batches")
    if html is not None and html.is_dir():
        raise UsageError(f"--html needs a file, but {html} is a folder; try {html / 'report.html'}")
    return Request(batch_id, form, watch, seconds, exit_status, html, everything)
