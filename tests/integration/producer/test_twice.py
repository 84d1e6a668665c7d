"""gt-produce with a list that was published before, while no aggregator stores anything."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import dataclass
from pathlib import Path

import pytest

from gt_common.messaging.names import Names
from gt_common.messaging.topology import inspect
from gt_common.settings import Settings

pytestmark = pytest.mark.broker

GT_PRODUCE = str(Path(sys.executable).with_name("gt-produce"))


@dataclass(frozen=True)
class Run:
    code: int | None
    out: str
    err: str


async def start(environment: dict[str, str], *command: str) -> Process:
    return await asyncio.create_subprocess_exec(*command, env=environment, stdout=PIPE, stderr=PIPE)


async def ended(process: Process) -> Run:
    async with asyncio.timeout(90):
        out, err = await process.communicate()
    return Run(process.returncode, out.decode(), err.decode())


async def waiting(settings: Settings) -> int | None:
    return (await inspect(settings, [Names(settings.namespace).stories]))[0].messages


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_list_given_twice_is_published_once_although_the_ledger_does_not_know_it(
    settings: Settings, environment: dict[str, str], tmp_path: Path, at_once: bool
) -> None:
    path = tmp_path / "urls.txt"
    path.write_text("".join(f"https://redd.it/s{number}\n" for number in range(1, 5)))
    command = (GT_PRODUCE, "-f", str(path))
    if at_once:
        one, two = await start(environment, *command), await start(environment, *command)
        runs = [await ended(one), await ended(two)]
    else:
        runs = [await ended(await start(environment, *command)) for _ in range(2)]
    assert [run.code for run in runs] == [0, 0], runs
    assert await waiting(settings) == 4
    refused, published = sorted(runs, key=lambda run: run.out)
    batch_id = published.out.strip()
    assert f"urls.txt:1: being made in batch {batch_id}, published" in refused.err
    assert "use --force to skip none" in refused.err

    continued = await ended(await start(environment, *command, "--batch-id", batch_id))
    assert (continued.code, "--again publishes" in continued.err) == (0, True), continued
    assert (await ended(await start(environment, *command, "--force"))).code == 0
    assert await waiting(settings) == 8
