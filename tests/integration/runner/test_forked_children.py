"""The process that forks a worker's children: what they share, and what happens when it is gone."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from itertools import combinations
from pathlib import Path

import psutil
import pytest

from gt_consumer.processes.forked_group import ChildForker
from support.runner import a_runner, a_story, assert_gone, python_path, succeeded


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", python_path())


async def test_another_server_is_started_when_one_is_gone(tmp_path: Path) -> None:
    async with a_runner("support.orchestrators.fakes:success", tmp_path) as runner:
        pids = []
        for name in ("s1", "s2"):
            made = succeeded(await runner.run(a_story(name), 1, lambda *_: None))
            child = psutil.Process(int(made.output_path.read_text()))
            server = child.parent()
            assert server is not None
            assert server.ppid() == psutil.Process().pid
            server.kill()
            await asyncio.to_thread(assert_gone, [child, server])
            pids.append(child.pid)
    assert pids[0] != pids[1]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_children_that_start_together_share_no_descriptors(tmp_path: Path) -> None:
    async with a_runner("support.orchestrators.fakes:descriptors", tmp_path) as runner:
        outcomes = await asyncio.gather(
            *(runner.run(a_story(f"s{number}"), 1, lambda *_: None) for number in range(4))
        )
    texts = [succeeded(outcome).output_path.read_text().split() for outcome in outcomes]
    children = {pid: set(names) for pid, *names in texts}
    assert len(children) > 1
    assert all(len(names) > 2 for names in children.values())
    assert not any(one & other for one, other in combinations(children.values(), 2)), children


_TERMINATED_AT_BIRTH = """
import os, signal, sys
from gt_consumer.processes.fork_server import ForkServer

become_leader = os.setsid


def setsid():
    become_leader()
    os.kill(os.getpid(), signal.SIGTERM)


os.setsid = setsid
ForkServer(int(sys.argv[1]), lambda channel: os._exit(7)).run()
"""


async def test_a_child_that_is_terminated_before_it_has_handlers_of_its_own_ends() -> None:
    forker = ChildForker([sys.executable, "-c", _TERMINATED_AT_BIRTH])
    reader, writer = os.pipe()
    try:
        async with asyncio.timeout(30):
            group = await forker.fork(reader, lambda _: None, lambda _: None)
            assert (await group.end).signal == signal.SIGTERM
    finally:
        os.close(reader)
        os.close(writer)
        await forker.aclose()
