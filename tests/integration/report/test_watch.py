"""gt-report --watch and gt-produce --wait outlast an outage of the ledger, and say who is missing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gt_common.ledger import open_ledger
from gt_common.messages import StorySucceeded
from gt_common.messaging.silence import QUIET_S
from gt_common.settings import Settings
from support.fleet import command, publish, scripted_story
from support.postgres import PrivateCluster
from support.samples.events import BATCH, opened, story_event

BIN = Path(sys.executable).parent
DEADLINE_S = 60


@contextmanager
def watching(url: str, folder: Path, **more: str) -> Iterator[subprocess.Popen[str]]:
    """Run gt-report --watch on a ledger; it is killed at the end of the block."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GT_")}
    process = subprocess.Popen(
        [BIN / "gt-report", BATCH, "--watch", "--interval", "100ms", "--json"],
        env=clean | {"GT_LEDGER_URL": url, "NO_COLOR": "1", "GT_CONNECT_TIMEOUT": "2s"} | more,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=DEADLINE_S)


def next_line(process: subprocess.Popen[str]) -> str:
    """Return the next line on standard error."""
    assert process.stderr is not None
    return process.stderr.readline()


@pytest.mark.postgres
def test_watch_outlasts_a_restart_of_the_ledgers_server(
    postgres_cluster: PrivateCluster, tmp_path: Path
) -> None:
    with open_ledger(postgres_cluster.url) as ledger:
        ledger.apply([opened(2), story_event(StorySucceeded, 1)])
    with watching(postgres_cluster.url, tmp_path) as process:
        assert next_line(process) == "[1/2]  50 %  1 ok\n"
        postgres_cluster.stop()
        assert "trying again for 10 min" in next_line(process)
        postgres_cluster.start()
        assert next_line(process) == "the ledger answers again\n"
        with open_ledger(postgres_cluster.url) as ledger:
            ledger.apply([story_event(StorySucceeded, 2)])
        assert next_line(process) == "[2/2] 100 %  2 ok\n"
        assert process.wait(DEADLINE_S) == 0


@pytest.mark.postgres
def test_ctrl_c_ends_a_watch_during_an_outage(postgres_cluster: PrivateCluster, tmp_path: Path) -> None:
    with open_ledger(postgres_cluster.url) as ledger:
        ledger.apply([opened(1)])
    with watching(postgres_cluster.url, tmp_path) as process:
        assert next_line(process).startswith("[0/1]")
        postgres_cluster.stop()
        assert "trying again" in next_line(process)
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE_S) == 130
    postgres_cluster.start()


@pytest.mark.broker
async def test_a_batch_that_stands_still_says_who_is_missing(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    await publish(settings, scripted_story(BATCH, 1, tmp_path / "runs"))
    with open_ledger(settings.ledger) as ledger:
        ledger.apply([opened(1)])
    async with command(environment, "gt-report", BATCH, "--watch") as report:
        begun = time.monotonic()
        await report.says(f"no worker is running: 1 story waits in {settings.namespace}.stories;")
        await report.says(f"no aggregator is running: 2 results wait in {settings.namespace}.results.ledger;")
        assert QUIET_S <= time.monotonic() - begun <= 30  # 15 s on a quiet machine


@pytest.mark.broker
async def test_produce_waits_and_says_that_no_worker_is_running(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "urls.txt").write_text("https://www.reddit.com/comments/1aaa01/\n")
    async with command(environment, "gt-produce", "-f", str(tmp_path / "urls.txt"), "--wait") as producer:
        await producer.says("no worker is running: 1 story waits in")
        assert producer.process.returncode is None


def test_a_broker_that_cannot_be_asked_leaves_a_question(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with open_ledger(url) as ledger:
        ledger.apply([opened(1)])
    with watching(url, tmp_path, GT_AMQP_URL="amqp://127.0.0.1:1/") as process:
        assert next_line(process).startswith("[0/1]")
        assert next_line(process) == (
            "nothing has happened for 10 s: are gt-consume and gt-aggregate running?\n"
        )
