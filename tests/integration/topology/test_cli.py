"""gt-topology on a real broker."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gt_common.messages import StoryMessage
from gt_common.messaging import topology
from gt_common.messaging.names import Names
from gt_common.messaging.publisher import open_publisher
from gt_common.settings import Settings

pytestmark = pytest.mark.broker

GT_TOPOLOGY = str(Path(sys.executable).with_name("gt-topology"))


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [GT_TOPOLOGY, *arguments], env=environment, capture_output=True, text=True, timeout=60
    )


async def test_what_is_in_use_is_shown_and_not_deleted_without_a_yes(
    settings: Settings, environment: dict[str, str]
) -> None:
    url = "https://redd.it/a1"
    async with open_publisher(settings, "test", patience=10) as publisher:
        await publisher.story(
            StoryMessage(batch_id="b", story_id="s", position=1, url=url, canonical_url=url)
        )
    name = f"{settings.namespace}.stories"

    shown = run(environment, "show", "--json")
    assert shown.returncode == 0
    document = json.loads(shown.stdout)
    assert document["complete"] is True
    assert {"name": name, "messages": 1, "consumers": 0} in document["queues"]

    refused = run(environment, "delete")
    assert (refused.returncode, refused.stdout) == (5, "")
    assert f"queue {name}" in refused.stderr
    assert f"{name} has 1 message and 0 consumers" in refused.stderr
    assert json.loads(run(environment, "show", "--json").stdout) == document

    deleted = run(environment, "delete", "-y", "--json")
    assert deleted.returncode == 0
    assert name in json.loads(deleted.stdout)["deleted"]["queues"]
    assert run(environment, "delete").stdout == "nothing to delete\n"


async def test_what_is_missing_is_marked_and_declared(
    settings: Settings, environment: dict[str, str]
) -> None:
    async with open_publisher(settings, "test", patience=10) as publisher:
        await publisher.mark(Names(settings.namespace).control, b"{}")
    assert run(environment, "delete").returncode == 0  # nothing waits in it, so it needs no -y
    shown = run(environment, "show")
    assert shown.returncode == 0
    rows = [line.split() for line in shown.stdout.splitlines()[1:]]
    wanted = topology.topology(settings)
    assert len(rows) == len(wanted.exchanges) + len(wanted.queues)
    assert all(row[2] == "missing" for row in rows)
    assert "gt-topology declare" in shown.stderr

    declared = run(environment, "declare")
    assert declared.returncode == 0
    assert "missing" not in declared.stdout
    assert declared.stdout == run(environment, "show").stdout
    assert f"{settings.namespace}.dlq" in declared.stdout
    ladder = next(line.split() for line in declared.stdout.splitlines() if ".delay." in line)
    assert ladder == [f"{settings.namespace}.delay.*", "22", "queues", "0", "0"]


def test_an_error_is_one_line_with_its_exit_code(environment: dict[str, str]) -> None:
    done = run({**environment, "GT_AMQP_URL": "amqp://guest:guest@127.0.0.1:1/"}, "show")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    done = run({**environment, "GT_NAMESPACE": "a b"}, "show")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


async def test_wait_queues_of_delays_that_are_not_configured_any_more_are_deleted(
    settings: Settings, environment: dict[str, str]
) -> None:
    earlier = settings.model_copy(update={"retry_delays": (10.0, 60.0, 7200.0)})
    await topology.declare(earlier)
    names = [Names(settings.namespace).retry_queue(delay) for delay in (10.0, 60.0, 7200.0)]
    async with open_publisher(earlier, "test", patience=10) as publisher:
        url = "https://redd.it/a1"
        story = StoryMessage(batch_id="b", story_id="s", position=1, url=url, canonical_url=url)
        await publisher.retry(story, 60.0)
    refused = run(environment, "delete")
    assert (refused.returncode, f"{names[1]} has 1 message" in refused.stderr) == (5, True)
    deleted = run(environment, "delete", "-y", "--json")
    assert set(names) <= set(json.loads(deleted.stdout)["deleted"]["queues"])
    assert [info.messages for info in await topology.inspect(settings, names)] == [None] * 3
    await topology.declare(settings)
