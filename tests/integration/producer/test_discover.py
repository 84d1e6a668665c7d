"""gt-produce --discover: what Reddit has becomes a batch, and continuing names the stories found."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from gt_common.settings import Settings
from support.fleet import BIN, depth
from support.reddit import FakeReddit

pytestmark = pytest.mark.broker


def produce(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(BIN / "gt-produce"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


def reddit(environment: dict[str, str]) -> dict[str, str]:
    found = {name: value for name, value in os.environ.items() if name.startswith("GT_REDDIT_")}
    return {**environment, **found, "NO_PROXY": "127.0.0.1"}


async def test_the_best_found_stories_are_published(
    settings: Settings,
    environment: dict[str, str],
    fake_reddit: FakeReddit,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    fake_reddit.add("tifu", "one", title="TIFU by doing it", ups=5000)
    fake_reddit.add("AmItheAsshole", "two", title="AITA for this?", ups=4000)
    fake_reddit.add("tifu", "three", title="TIFU again", ups=3000)
    env = reddit(environment)
    unreachable = {**env, "GT_AMQP_URL": "amqp://guest:guest@127.0.0.1:1/"}
    stopped = produce(unreachable, "--discover", "--limit", "2", "--batch-id", "b1")
    assert stopped.returncode == 3
    done = produce(env, "--discover", "--limit", "2", "--batch-id", "b1", "--json")
    assert done.returncode == 0, done.stderr
    published = [story["url"] for story in json.loads(done.stdout)["stories"]]
    assert len(published) == 2
    assert "/comments/one/" in published[0]
    assert "/comments/two/" in published[1]
    assert await depth(settings, "stories") == 2


def test_a_limit_without_a_search_is_refused(environment: dict[str, str]) -> None:
    refused = produce(environment, "--limit", "2", "https://redd.it/abc")
    assert refused.returncode == 2
    assert "--discover" in refused.stderr


def test_what_was_found_is_named_in_the_resume_command() -> None:
    from gt_common.stories.sources import Sources
    from gt_producer.produce.request import Request

    request = Request(Sources(), discover=True, limit=2)
    command = request.resume_command("b1", ["https://www.reddit.com/r/tifu/comments/one/x/"])
    assert command == "gt-produce --batch-id b1 -- https://www.reddit.com/r/tifu/comments/one/x/"
