"""Every point of the boundary table names a function that exists; a renamed one must not go unnoticed."""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from datetime import timedelta

import pytest

from chaos.support.boundary_table import BOUNDARIES
from chaos.support.crashing import Point, shift_clock
from gt_common import messages
from gt_common.messages import utc_now
from gt_common.messaging.topology import topology
from gt_common.settings import Settings

POINTS = sorted({boundary.point for boundary in BOUNDARIES})


@pytest.mark.parametrize("text", POINTS)
def test_it_resolves(text: str) -> None:
    point = Point.parse(text)
    if point.module == "confirm":
        exchanges = {spec.name for spec in topology(Settings(namespace="gt")).exchanges}
        assert (f"gt.{point.path}" in exchanges, point.side) == (True, "before")
        return
    found = functools.reduce(getattr, point.path.split("."), importlib.import_module(point.module))
    assert inspect.isfunction(found)
    assert point.side in {"before", "after"}
    assert point.number >= 1
    assert not point.kind or inspect.isclass(getattr(messages, point.kind))


def test_a_shifted_clock_dates_messages() -> None:
    module = sys.modules[utc_now.__module__]
    clock = vars(module)["datetime"]
    before = utc_now()
    shift_clock(-3600.0)
    try:
        assert before - utc_now() > timedelta(minutes=59)
    finally:
        vars(module)["datetime"] = clock
    assert utc_now() >= before
