"""Lines about the reading of many letters."""

from __future__ import annotations

import pytest

from gt_consumer.deadletters.display.reading import Reading


def test_a_line_comes_every_five_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    now = 100.0
    reading = Reading(lambda: now)
    for read, second in [(0, 0), (500, 4.9), (1000, 5), (1500, 7), (2000, 9.9), (2500, 11)]:
        now = 100.0 + second
        reading(read, 50_000)
    assert capsys.readouterr().err.splitlines() == [
        "gt-dlq: read 1000 of 50000 dead letters",
        "gt-dlq: read 2500 of 50000 dead letters",
    ]
