"""Every boundary, one process death each; the table is printed at the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.support.boundaries import TABLE_HEAD, Result, cross
from chaos.support.boundary_table import AGGREGATE, BOUNDARIES, Boundary
from chaos.support.planted import PLANTED
from chaos.support.world import open_world
from support.broker.node import PrivateNode, needs_rabbitmq

pytestmark = [pytest.mark.broker, needs_rabbitmq, pytest.mark.timeout(240)]

_ALWAYS = {"result file and event", "commit and first ack"}


def _cases() -> Iterator[object]:
    for boundary in BOUNDARIES:
        for ledger in ("sqlite", "postgres") if boundary.command == AGGREGATE else ("sqlite",):
            always = boundary.name in _ALWAYS and ledger == "sqlite"
            marks = [] if always else [pytest.mark.chaos]
            yield pytest.param(
                boundary, ledger, marks=marks, id=f"{boundary.command}: {boundary.name} ({ledger})"
            )


@pytest.fixture(scope="module")
def results() -> Iterator[list[Result]]:
    """Collect the rows of the table and print it at the end."""
    found: list[Result] = []
    yield found
    print(f"\n\n{TABLE_HEAD}", *(result.row() for result in found), sep="\n")


@pytest.mark.parametrize(("boundary", "ledger"), list(_cases()))
async def test_death_at_a_boundary_changes_no_outcome(
    node: PrivateNode,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    results: list[Result],
    boundary: Boundary,
    ledger: str,
) -> None:
    ledger_url = request.getfixturevalue("postgres_url") if ledger == "postgres" else None
    async with open_world(node, tmp_path / "run", ledger_url) as world:
        result = await cross(world, boundary)
    results.append(result)
    assert result.problems == []


@pytest.mark.chaos
@pytest.mark.parametrize("name", PLANTED)
async def test_a_planted_mistake_is_found(node: PrivateNode, tmp_path: Path, name: str) -> None:
    boundary = next(one for one in BOUNDARIES if one.name == PLANTED[name].boundary)
    async with open_world(node, tmp_path / "run") as world:
        result = await cross(world, boundary, planted=name)
    print(f"\n{name}: {'; '.join(problem[:120] for problem in result.problems) or 'not found'}")
    assert result.died
    assert result.problems != []
