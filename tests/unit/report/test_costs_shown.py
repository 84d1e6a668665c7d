"""Every form of the report says what stories have cost, and is as before where nobody has said any."""

from __future__ import annotations

import csv
import io
import json

import pytest
from rich.console import Console

from gt_common.lifecycle import BatchState, fold
from gt_common.messages import StorySpent, StoryStage, StorySucceeded
from gt_common.progress.display import Progress
from gt_common.report import csv_out, json_out, listing, markdown, table
from gt_common.report.building import WholeBatch, build_report, screenful_of_whole
from support.samples.events import BATCH, at, opened, spent, story_event
from support.samples.reports import finished, page, paid, written

FACT = "cost 1.25 EUR, 0.14 of it wasted"


def whole(state: BatchState) -> WholeBatch:
    """Return a batch whose costs are in euros."""
    return WholeBatch.of_state(state, "EUR")


def on_console(state: BatchState, *, every: bool) -> str:
    """Return what a terminal of 120 columns shows of a batch.

    Parameters:
        every: the table of every story, not what fits
    """
    console = Console(file=io.StringIO(), width=120)
    if every:
        return "".join(listing.lines(whole(state), at(200), console))
    with console.capture() as capture:
        console.print(table.render(screenful_of_whole(whole(state), at(200)), at(200)))
    return capture.get()


def test_the_document_has_costs_per_story_and_batch() -> None:
    document = json.loads(build_report(paid(), at(200), "EUR").to_json())
    assert [document[name] for name in ("cost", "cost_wasted", "currency")] == [1.2525, 0.14, "EUR"]
    costs = [(story["cost"], story["cost_wasted"]) for story in document["results"]]
    assert costs == [(1.212, 0.1), (0.04, 0.04), (0.0005, 0.0), (None, None)]


def test_nobody_said_any_is_null_and_free_is_zero() -> None:
    silent = build_report(finished(), at(200))
    free = build_report(fold(BATCH, [spent(cost={"studio": 0}), story_event(StorySucceeded)]), at(200))
    assert (silent.cost, silent.cost_wasted, silent.currency) == (None, None, "USD")
    assert (free.cost, free.cost_wasted, free.results[0].cost) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("millionths", [0, 1, 9, 10, 99, 100, 999, 1000, 123_456_789, 5_000_000_000_000])
def test_small_and_large_costs_are_written_as_the_model_writes_them(millionths: int) -> None:
    state = fold(BATCH, [spent(cost={"elevenlabs": millionths})])
    text = written(json_out.write, state, at(60))
    assert text == build_report(state, at(60)).to_json() + "\n"
    assert json.loads(text)["results"][0]["cost"] == millionths / 1_000_000


def test_csv_has_columns_of_costs() -> None:
    out = io.StringIO(newline="")
    csv_out.write(whole(paid()), at(200), out)
    header, *rows = csv.reader(io.StringIO(out.getvalue()))
    first = header.index("cost")
    assert header[first : first + 3] == ["cost", "cost_wasted", "currency"]
    assert [row[first : first + 3] for row in rows] == [
        ["1.212", "0.1", "EUR"],
        ["0.04", "0.04", "EUR"],
        ["0.0005", "0.0", "EUR"],
        ["", "", ""],
    ]


def test_tables_and_page_say_what_batch_and_stories_have_cost() -> None:
    out = io.StringIO()
    markdown.write(whole(paid()), at(200), out)
    for text in (out.getvalue(), on_console(paid(), every=False), on_console(paid(), every=True)):
        assert FACT in text
        assert "cost" in text.lower()
        for amount in ("1.21", "0.040", "0.00050"):
            assert f" {amount} " in text
    assert "| # | Status | Stage | Time | Try | Cost | Story |" in out.getvalue()
    shown = page(paid())
    assert FACT.replace("EUR", "USD") in shown
    assert '<br><span class="soft">0.00050</span>' in shown


def test_without_costs_no_form_speaks_of_them() -> None:
    for text in (
        written(markdown.write, finished(), at(200)),
        page(finished()),
        on_console(finished(), every=False),
        on_console(finished(), every=True),
    ):
        assert "cost" not in text.lower()


def test_progress_shows_the_cost_so_far() -> None:
    file = io.StringIO()
    with Progress(BATCH, live=False, console=Console(file=file, width=120), currency="EUR") as progress:
        progress.event(opened(2))
        progress.event(story_event(StoryStage, 1))
        assert progress.event(spent(cost={"elevenlabs": 120_000}))
        assert not progress.event(spent(cost={"elevenlabs": 100_000})), "less than is known"
    assert "1 running  cost 0.12 EUR" in file.getvalue().splitlines()[-1]
    assert isinstance(spent(), StorySpent)


def test_a_live_display_shows_it_too() -> None:
    console = Console(file=io.StringIO(), width=80, height=20)
    progress = Progress(BATCH, live=True, console=console, currency="EUR")
    progress.event(opened(1))
    progress.event(spent(cost={"elevenlabs": 120_000}))
    with console.capture() as capture:
        console.print(progress._snapshot())
    assert "cost 0.12 EUR" in capture.get()
