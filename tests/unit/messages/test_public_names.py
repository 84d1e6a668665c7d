"""Packages that load their modules when a name is asked for have the names that they say."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

LAZY = ("gt_common.messages", "gt_common.failures", "gt_common.stories")


@pytest.mark.parametrize("package", LAZY)
def test_every_public_name_is_there_and_known_to_type_checkers(package: str) -> None:
    module = import_module(package)
    assert module.__file__ is not None
    tree = ast.parse(Path(module.__file__).read_text())
    declared = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gt_common.")
        for alias in node.names
    }
    assert set(module.__all__) == declared
    for name in module.__all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = module.nothing


@pytest.mark.parametrize("package", LAZY)
def test_no_module_has_the_name_of_something_public(package: str) -> None:
    # Whoever loads the module first would get it in the place of what is meant.
    module = import_module(package)
    assert module.__file__ is not None
    modules = {path.stem for path in Path(module.__file__).parent.glob("*.py")}
    assert not modules & set(module.__all__)


def test_publishing_loads_no_events_of_stories() -> None:
    code = "import sys, gt_producer.produce.command; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    unneeded = {"messages.story_events", "messages.hold_events", "failures.signs", "lifecycle", "report"}
    assert not {f"gt_common.{name}" for name in unneeded} & {*loaded.split()}
