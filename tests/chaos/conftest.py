"""Fixtures of the chaos suite; its long runs are part of `make chaos` and `make soak` only."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from support.broker.node import PrivateNode


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateNode]:
    """Yield a broker that may be killed."""
    with PrivateNode.start(tmp_path_factory.mktemp("node")) as started:
        yield started


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the long runs unless they are requested."""
    wanted = {name for name in ("chaos", "soak") if os.environ.get(f"GT_TEST_{name.upper()}")}
    left_out = [
        item
        for item in items
        if any(item.get_closest_marker(name) and name not in wanted for name in ("chaos", "soak"))
    ]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
