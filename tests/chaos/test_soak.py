"""Minutes of steady work, by `make soak`: no resource of worker and aggregator grows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chaos.support.soak import Soak
from chaos.support.world import open_world
from support.broker.node import PrivateNode, needs_rabbitmq

MINUTES = float(os.environ.get("SOAK_MINUTES") or 10)

pytestmark = [
    pytest.mark.broker,
    pytest.mark.soak,
    needs_rabbitmq,
    pytest.mark.timeout(60 * MINUTES + 120),
]


async def test_nothing_grows_in_a_steady_flow(node: PrivateNode, tmp_path: Path) -> None:
    async with open_world(node, tmp_path / "run") as world:
        soak = Soak(world, MINUTES)
        trends = await soak.run()
        surprises = [text for part in world.all_parts for text in part.surprises]
    print(f"\n{MINUTES:g} minutes, {len(soak.stories)} stories\n")
    print("| part | what | at first | at last | grows by |\n|---|---|---|---|---|")
    print(*(trend.row() for trend in trends), sep="\n")
    assert surprises == []
    assert [trend.row() for trend in trends if not trend.steady] == []
