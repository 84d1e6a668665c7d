"""Tables that fit terminals of any width."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.text import Text

from gt_common.report.fitted import Column, fitted_table

COLUMNS = [
    Column("BATCH", [Text("b" * 10), Text("c" * 20)], shape="id"),
    Column("NAME", [Text("the long name of it"), Text("")], leaves=3, shape="name", most=15),
    Column("OK", [Text("12"), Text("34567")], justify="right"),
    Column("AGE", [Text("two days"), Text("now")], leaves=2),
    Column("COST", [Text("1.25"), Text("")], leaves=1, justify="right"),
]


@pytest.mark.parametrize(
    ("width", "heads"),
    [
        (80, ["BATCH", "NAME", "OK", "AGE", "COST"]),
        (49, ["BATCH", "NAME", "OK", "AGE", "COST"]),
        (48, ["BATCH", "OK", "AGE", "COST"]),
        (42, ["BATCH", "OK", "COST"]),
        (32, ["BATCH", "OK"]),
    ],
)
def test_columns_leave_in_order_and_what_stays_is_whole(width: int, heads: list[str]) -> None:
    out = io.StringIO()
    Console(file=out, width=width).print(fitted_table(COLUMNS, width))
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    assert lines[0].split() == heads
    assert len(lines) == 3
    assert lines[1].startswith("b" * 10)
    assert lines[2].startswith("c" * 20)
    assert ("two days" in lines[1], "1.25" in lines[1]) == ("AGE" in heads, "COST" in heads)
    assert max(map(len, lines)) <= width


def test_an_id_is_folded_rather_than_lost() -> None:
    out = io.StringIO()
    Console(file=out, width=20).print(fitted_table(COLUMNS, 20))
    assert out.getvalue().count("c") == 20
