"""gt-produce --again: stories that a purged queue has lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gt_common.messages import StoryReleased, StoryRequeued, StorySucceeded, decode_story
from gt_common.messaging.names import Names
from gt_common.messaging.publisher import open_publisher
from gt_common.settings import Settings
from support.dead_letter_queue import look, take
from support.fleet import tally

pytestmark = pytest.mark.broker

GT_PRODUCE = str(Path(sys.executable).with_name("gt-produce"))


def produce(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([GT_PRODUCE, *arguments], env=env, capture_output=True, text=True, timeout=90)


async def test_stories_that_a_purged_queue_has_lost_are_published_again_as_the_ledger_knows_them(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    stories, path = Names(settings.namespace).stories, tmp_path / "urls.txt"
    path.write_text("".join(f"https://redd.it/s{number}\n" for number in range(1, 5)))
    command = ("-f", str(path), "--batch-id", "b1", "--again")
    assert produce(environment, *command[:4]).returncode == 0
    early = produce(environment, *command)
    assert (early.returncode, "4 stories still in the queues" in early.stderr) == (2, True)
    first, second, third, _ = [decode_story(one.body) for one in await look(settings, stories)]
    async with open_publisher(settings, "test", patience=10) as publisher:
        await publisher.event(StorySucceeded(**first.identity(), output_path="/v.mp4"))
        requeued = second.model_copy(update={"generation": 2})
        await publisher.event(StoryRequeued(**requeued.identity(), by="me@here"))
        await publisher.event(StoryReleased(**third.identity(), attempt=2, run=3, reason="stopping"))
    await tally(environment, settings, "b1")
    await take(settings, stories)
    again = produce(environment, *command)
    assert (again.returncode, again.stdout) == (0, "b1\n"), again.stderr
    found = [decode_story(one.body) for one in await take(settings, stories)]
    sent = [(one.position, one.generation, one.attempt, one.run) for one in found]
    assert sorted(sent) == [(2, 2, 1, 0), (3, 1, 2, 4), (4, 1, 1, 0)]
    assert produce(environment, "-f", str(path), "--again").returncode == 2
