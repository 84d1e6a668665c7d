"""gt-produce and the titles of story files, on a real broker."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gt_common.lifecycle import fold
from gt_common.messages import decode_story
from gt_common.messaging.browse import browse
from gt_common.messaging.names import Names
from gt_common.settings import Settings
from support.samples.events import known_event

pytestmark = pytest.mark.broker

GT_PRODUCE = str(Path(sys.executable).with_name("gt-produce"))


def produce(folder: Path, env: dict[str, str], *arguments: str) -> None:
    done = subprocess.run([GT_PRODUCE, *arguments], env=env, cwd=folder, capture_output=True, timeout=90)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of stories."""
    (tmp_path / "s1.md").write_text("# My sister's wedding\n\nOnce.\n")
    (tmp_path / "s2.txt").write_text("Once.\n")
    return tmp_path


async def test_titles_are_in_the_messages_and_in_the_list(
    settings: Settings, environment: dict[str, str], folder: Path
) -> None:
    produce(folder, environment, "s1.md", "s2.txt", "--batch-id", "b1")
    elsewhere = environment | {"GT_STORY_ROOTS": "/usr/share"}
    produce(folder, elsewhere, "s1.md", "--batch-id", "b2", "--force")
    names = Names(settings.namespace)
    async with browse(settings, names.stories, "test") as deliveries:
        stories = [decode_story(delivery.body) for delivery in deliveries]
    titles = {(story.batch_id, story.position): story.title for story in stories}
    assert titles == {("b1", 1): "My sister's wedding", ("b1", 2): None, ("b2", 1): None}
    async with browse(settings, names.ledger_queue, "test") as deliveries:
        events = [known_event(delivery.body) for delivery in deliveries]
    state = fold("b1", [event for event in events if getattr(event, "batch_id", None) == "b1"])
    assert [story.title for story in state.stories.values()] == ["My sister's wedding", None]
