"""Random runs: a short one with every test run, many long ones by `make chaos`."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from chaos.support.accounts import Accounts
from chaos.support.randomly import Plan, run_randomly
from chaos.support.world import open_world
from support.broker.node import PrivateNode, needs_rabbitmq

pytestmark = [pytest.mark.broker, needs_rabbitmq]

SEED = int(os.environ.get("CHAOS_SEED") or time.time() // 60)
RUNS = int(os.environ.get("CHAOS_RUNS") or 20)
STORIES = int(os.environ.get("CHAOS_STORIES") or 320)
FAULTS = int(os.environ.get("CHAOS_FAULTS") or 55)
LEDGERS = ("sqlite", "postgres")
_SHORT = (
    "worker killed",
    "worker stopped",
    "child killed",
    "no messages of ours",
    "aggregator killed",
    "producer killed",
    "clock set back",
    "connection reset",
    "connection half-closed",
    "connection stalled",
    "ledger locked",
    "output disk full",
)


async def _run(node: PrivateNode, folder: Path, plan: Plan, ledger_url: str | None = None) -> Accounts:
    async with open_world(node, folder, ledger_url) as world:
        accounts = await run_randomly(world, plan)
    kind = "postgres" if ledger_url else "sqlite"
    text = accounts.show(f"seed {plan.seed} ({kind})")
    print(f"\n{text}", *accounts.problems, sep="\n  ")
    return accounts


@pytest.mark.timeout(180)
async def test_a_short_random_run_loses_and_doubles_nothing(node: PrivateNode, tmp_path: Path) -> None:
    plan = Plan(seed=15, stories=60, faults=12, batches=3, broker_deaths=0, allowed=_SHORT, quiet_s=60)
    accounts = await _run(node, tmp_path / "run", plan)
    assert accounts.problems == []


@pytest.mark.chaos
@pytest.mark.timeout(900)
@pytest.mark.parametrize("number", range(RUNS))
async def test_a_random_run_loses_and_doubles_nothing(
    node: PrivateNode, tmp_path: Path, request: pytest.FixtureRequest, number: int
) -> None:
    kind = LEDGERS[number % 2]
    ledger_url = request.getfixturevalue("postgres_url") if kind == "postgres" else None
    plan = Plan(SEED + number, STORIES, FAULTS, ceilings=True)
    accounts = await _run(node, tmp_path / "run", plan, ledger_url)
    assert accounts.problems == []
