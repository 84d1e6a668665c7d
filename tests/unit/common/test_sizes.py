"""Modules and functions stay small, and rooms keep the packages readable."""

from __future__ import annotations

import ast
from itertools import chain
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[3]
FOLDERS = ("common", "producer", "consumer", "ops", "tests", "benchmarks")
MODULES = sorted(chain.from_iterable((ROOT / folder).rglob("*.py") for folder in FOLDERS))
LONGEST_MODULE, LONGEST_FUNCTION = 400, 60
MEDIAN_MODULE = (60, 130)
BESIDE_THE_ROOMS = {ROOT / "consumer" / "gt_consumer": 6, ROOT / "common" / "gt_common": 12}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_and_its_functions_are_small(path: Path) -> None:
    source = path.read_text()
    assert len(source.splitlines()) <= LONGEST_MODULE
    long = {
        node.name: lines
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > LONGEST_FUNCTION
    }
    assert long == {}


def test_the_median_module_is_neither_a_stub_nor_a_novel() -> None:
    packages = [
        path for path in MODULES if path.name != "__init__.py" and name(path).split("/")[0] in FOLDERS[:3]
    ]
    low, high = MEDIAN_MODULE
    assert low <= median(len(path.read_text().splitlines()) for path in packages) <= high


@pytest.mark.parametrize(
    ("package", "most"), BESIDE_THE_ROOMS.items(), ids=lambda value: getattr(value, "name", value)
)
def test_few_modules_lie_beside_the_rooms(package: Path, most: int) -> None:
    beside = [path.name for path in package.glob("*.py") if path.name != "__init__.py"]
    assert len(beside) <= most, beside
