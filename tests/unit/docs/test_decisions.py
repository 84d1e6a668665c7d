"""The index of the decisions matches the folder: numbers without gaps, titles, dates and status."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "docs" / "decisions"
RECORDS = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
ROW = re.compile(r"^\| (\d{4}) \| \[(.+?)\]\((.+?)\) \| (\d{4}-\d{2}-\d{2}) \| (.+?) \|$", re.MULTILINE)
INDEX = {row[2]: row for row in ROW.findall((FOLDER / "README.md").read_text())}


def test_the_numbers_have_no_gaps() -> None:
    numbers = [int(path.name[:4]) for path in RECORDS]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_index_has_every_record_and_no_other() -> None:
    assert list(INDEX) == [path.name for path in RECORDS]


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.name[:4])
def test_a_record_agrees_with_its_row(record: Path) -> None:
    title, blank, head, *_ = record.read_text().splitlines()
    number, said, _, date, status = INDEX[record.name]
    assert (title, blank) == (f"# {number} {said}", "")
    assert head == f"{date} · {status}"
    assert status in ("accepted", "superseded") or re.fullmatch(r"superseded by \d{4}", status)
    assert record.name.startswith(f"{number}-")


def test_dates_follow_the_numbers() -> None:
    dates = [row[3] for row in INDEX.values()]
    assert all(earlier <= later for earlier, later in pairwise(dates))
